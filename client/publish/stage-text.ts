import { progressText } from '../../contract/progress.js';
import { executionStage } from '../../contract/stages.js';
import type { Running, Step } from './read.js';

/** What a host holds of an artifact that has left it: nobody waits for that. */
export const isLeaving = ({ activity }: Step): boolean => activity === 'releaseHost';

const takerOf = ({ activity, host }: Step): string => {
  if (host !== null) return `host ${host}`;
  return activity === 'claimHost' ? 'a high-memory host that can take it' : 'a worker';
};

/**
 * What to do about a step that waits for a host; null where it goes on by itself.
 *
 * @param left the host that the artifact was sent away from, and that no other has replaced yet
 */
export const hostAdvice = (entry: string, step: Step, left: string | null): string | null => {
  if (!step.waitsForWorker || isLeaving(step)) return null;
  if (step.host !== null) return step.refused ? null : `if host ${step.host} never comes back: swp move ${entry}`;
  if (step.activity !== 'claimHost' || left === null) return null;
  return `it left host ${left}: another one has to take it; \`swp worker highmem\` on another machine, with a scratch of its own, adds one`;
};

/** One step that runs, or waits to run, with its progress. */
export const stepText = (step: Step): string => {
  if (step.waitsForWorker && isLeaving(step)) return `host ${step.host} gives back what it holds as soon as it is there`;
  if (step.waitsForWorker)
    return `${step.activity}: waits for ${takerOf(step)}${step.lastFailure === null ? '' : ` (attempt ${step.attempt}; ${step.lastFailure})`}`;
  const attempt = step.attempt > 1 ? ` (attempt ${step.attempt})` : '';
  return `${step.activity}${step.progress === null ? '' : ` ${progressText(step.progress)}`}${attempt}`;
};

/** Where a workflow stands, or how it ended, as people read it. */
export const stageOf = (running: Pick<Running, 'status' | 'stage'>): string => executionStage(running).replaceAll('_', ' ');
