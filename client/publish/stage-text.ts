import { progressText } from '../../plan/render/progress.js';
import type { Stage } from '../../workflows/stages.js';
import type { Running, Step } from './read.js';

/** One step that runs, or waits to run, with its progress. */
export const stepText = (step: Step): string => {
  if (step.waitsForWorker)
    return `${step.activity}: waits for a worker${step.lastFailure === null ? '' : ` (attempt ${step.attempt}; ${step.lastFailure})`}`;
  const attempt = step.attempt > 1 ? ` (attempt ${step.attempt})` : '';
  return `${step.activity}${step.progress === null ? '' : ` ${progressText(step.progress)}`}${attempt}`;
};

const ENDS: ReadonlySet<string | null> = new Set<Stage>(['published', 'filed', 'unchanged', 'rejected', 'expired', 'abandoned', 'failed']);

/**
 * Where a workflow stands, or how it ended, in one word. One whose targets are at work has no stage of its own; one that
 * somebody terminated keeps the stage that it had.
 */
export const stageOf = ({ status, stage }: Pick<Running, 'status' | 'stage'>): string => {
  if (status === 'RUNNING') return stage ?? 'at work';
  return stage !== null && ENDS.has(stage) ? stage : status.toLowerCase().replaceAll('_', ' ');
};

/** A moment to the second, in UTC. */
export const timeText = (time: Date): string => time.toISOString().replace(/\.\d+Z$/, 'Z');
