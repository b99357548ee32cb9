import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import type { ActivityInterceptorsFactory } from '@temporalio/worker';
import { z } from 'zod';
import { HOST_BUSY, WORKER_STOPPING } from '../../contract/names.js';
import { messageOf } from '../../core/error.js';
import type { WorkerMetrics } from './metrics.js';
import { stageOf, subjectOf, type Subject } from './subject.js';

const WAITS_BY_RETRYING = new Set(['claimHost']);

/** Outcomes of steps that ended as intended. A step with any other outcome sends the publish another way. */
const AS_WANTED = new Set(['ok', 'uploaded', 'committed', 'added', 'unchanged']);

const Reported = z.object({ outcome: z.string(), reason: z.string().optional() });

interface End {
  readonly level: 'debug' | 'info' | 'warn';
  readonly outcome: string;
  readonly reason?: string;
  readonly code?: string;
}

const endOf = (result: unknown): End => {
  const { outcome = 'ok', reason } = Reported.safeParse(result).data ?? {};
  return { level: AS_WANTED.has(outcome) ? 'info' : 'warn', outcome, ...(reason === undefined ? {} : { reason }) };
};

const endOfFailure = (error: unknown, attempt: number): End => {
  if (error instanceof CancelledFailure) return { level: 'info', outcome: 'cancelled' };
  const reason = messageOf(error);
  if (!(error instanceof ApplicationFailure)) return { level: 'warn', outcome: 'failed', reason };
  const code = error.type ?? 'internal';
  if (code === WORKER_STOPPING) return { level: 'info', outcome: 'stopping' };
  if (code === HOST_BUSY) return { level: attempt === 1 ? 'info' : 'debug', outcome: 'busy', reason };
  return { level: 'warn', outcome: error.nonRetryable === true ? 'failed' : 'retried', code, reason };
};

/**
 * Logs the start, the outcome and the duration of each step, counts it in the metrics, and adds its entry and target to each
 * of its log lines. It is the outermost interceptor, so that it sees failures as the history stores them.
 *
 * @param host of a high-memory worker
 */
export const observeSteps =
  (metrics: Pick<WorkerMetrics, 'stepEnded'>, host?: string): ActivityInterceptorsFactory =>
  (context) => {
    const { activityType: step, attempt } = context.info;
    const stage = stageOf(step);
    let subject: Subject = {};
    return {
      inbound: {
        async execute(input, next) {
          subject = subjectOf(input.args[0], context.info.workflowExecution?.workflowId ?? '');
          const startedAt = performance.now();
          const ended = ({ level, ...end }: End): void => {
            const milliseconds = performance.now() - startedAt;
            context.log[level](`${step}: ${end.outcome}`, { ...end, durationMs: Math.round(milliseconds) });
            metrics.stepEnded({ stage: stage ?? '', step, outcome: end.outcome }, milliseconds / 1000);
          };
          if (attempt === 1) context.log.info(`${step} begins`);
          else context.log[WAITS_BY_RETRYING.has(step) ? 'debug' : 'warn'](`${step} begins again, attempt ${attempt}`);
          try {
            const result = await next(input);
            ended(endOf(result));
            return result;
          } catch (error) {
            ended(endOfFailure(error, attempt));
            throw error;
          }
        },
      },
      outbound: {
        getLogAttributes: (attributes, next) => next({ ...attributes, ...subject, stage, host }),
      },
    };
  };
