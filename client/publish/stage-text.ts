import { progressText } from '../../contract/progress.js';
import type { Step } from '../../temporal/running.js';

/** Returns true for the step that frees the host which an artifact has left; nothing waits for it. */
export const isLeaving = ({ activity }: Step): boolean => activity === 'freeHost';

const takerOf = ({ activity, host }: Step): string => {
  if (host !== null) return `host ${host}`;
  return activity === 'claimHost' ? 'a high-memory host that can take it' : 'a worker';
};

/**
 * Returns the advice for a step that waits for a host; null if the step continues by itself.
 *
 * @param previousHost the host that the artifact was moved away from, while no other host has taken it
 */
export const hostAdvice = (entry: string, step: Step, previousHost: string | null): string | null => {
  if (!step.waitsForWorker || isLeaving(step)) return null;
  if (step.host !== null) return step.refused ? null : `if host ${step.host} never comes back: swp move ${entry}`;
  if (step.activity !== 'claimHost' || previousHost === null) return null;
  return `moved away from host ${previousHost}, and no other host has taken it yet; to add one, run \`swp worker highmem\` on another machine with a scratch of its own`;
};

/** Formats a step that runs, or waits to run, with its progress. */
export const stepText = (step: Step): string => {
  if (step.waitsForWorker && isLeaving(step)) return `host ${step.host} frees what it holds for this artifact when it is back`;
  if (step.waitsForWorker)
    return `${step.activity}: waits for ${takerOf(step)}${step.lastFailure === null ? '' : ` (attempt ${step.attempt}; ${step.lastFailure})`}`;
  const attempt = step.attempt > 1 ? ` (attempt ${step.attempt})` : '';
  return `${step.activity}${step.progress === null ? '' : ` ${progressText(step.progress)}`}${attempt}`;
};
