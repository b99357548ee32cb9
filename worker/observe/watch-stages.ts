import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { messageOf } from '../../core/error.js';
import { OPEN } from '../../temporal/list-workflows.js';
import { SwpStage } from '../../contract/search-attributes.js';
import { isEnd, STAGES, type Stage } from '../../contract/stages.js';
import type { WorkerMetrics } from './metrics.js';

/** Stages of open publishes and artifacts; the other stages are final. */
const OPEN_STAGES = STAGES.filter((stage) => !isEnd(stage));

/**
 * Stages that are counted at publishes. A publish also shows the stage of its targets, which is counted only at the
 * targets.
 */
const OF_PUBLISHES: ReadonlySet<Stage> = new Set<Stage>(['planning', 'awaiting-approval', 'needs-attention']);

const EVERY_MS = 60_000;

export interface StageWatch {
  /** Returns the number of workflows that match a query of Temporal's visibility. */
  readonly count: (query: string) => Promise<number>;
  readonly taskQueue: string;
  readonly publishes: WorkerMetrics['publishes'];
  readonly logger: Pick<Logger, 'warn'>;
  readonly stop: AbortSignal;
  readonly everyMs?: number;
}

const quoted = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;

const countOnce = async ({ count, taskQueue, publishes }: StageWatch): Promise<void> => {
  for (const stage of OPEN_STAGES) {
    const type = OF_PUBLISHES.has(stage) ? 'publishEntry' : 'publishArtifact';
    const query = `${OPEN} AND WorkflowType = '${type}' AND TaskQueue = ${quoted(taskQueue)} AND ${SwpStage.name} = '${stage}'`;
    publishes.set(await count(query), { stage });
  }
};

/** Counts the open publishes of this task queue by stage, every minute until `stop` aborts. Only Temporal knows them all. */
export const watchStages = async (watch: StageWatch): Promise<void> => {
  const { stop, logger, everyMs = EVERY_MS } = watch;
  let failing = false;
  while (!stop.aborted) {
    try {
      await countOnce(watch);
      failing = false;
    } catch (error) {
      // Log only the first failure: the SDK counts failures, and a server that is away for an hour fails sixty times.
      if (!failing && !stop.aborted)
        logger.warn({ error: messageOf(error) }, 'cannot count the open publishes; their metric keeps its last values');
      failing = true;
    }
    await delay(everyMs, undefined, { signal: stop }).catch(() => undefined);
  }
};
