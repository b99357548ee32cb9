import { progressText } from '../../plan/render/progress.js';
import type { Running, Step } from './read.js';

/** One step that runs, or waits to run, with its progress. */
export const stepText = (step: Step): string => {
  if (step.waitsForWorker)
    return `${step.activity}: waits for a worker${step.lastFailure === null ? '' : ` (attempt ${step.attempt}; ${step.lastFailure})`}`;
  const attempt = step.attempt > 1 ? ` (attempt ${step.attempt})` : '';
  return `${step.activity}${step.progress === null ? '' : ` ${progressText(step.progress)}`}${attempt}`;
};

/** Where a workflow stands in one word; one whose targets are at work has no stage of its own. */
export const stageOf = (running: Pick<Running, 'status' | 'stage'>): string =>
  running.stage ?? (running.status === 'RUNNING' ? 'at work' : running.status.toLowerCase());

/** A moment to the second, in UTC. */
export const timeText = (time: Date): string => time.toISOString().replace(/\.\d+Z$/, 'Z');
