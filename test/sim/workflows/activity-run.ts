import { ApplicationFailure, CancelledFailure, defaultFailureConverter, defaultPayloadConverter, TimeoutFailure } from '@temporalio/common';
import type { VirtualClock } from '../virtual-clock.js';
import type { Job } from './workflow-run.js';

type Resolved = NonNullable<NonNullable<Job['resolveActivity']>['result']>;

export interface StepCall {
  readonly name: string;
  readonly args: readonly unknown[];
  readonly queue: string;
  readonly workflowId: string;
  readonly runId: string;
  /** From 1. */
  readonly attempt: number;
}

/** Runs an activity. The signal is aborted when the workflow cancels it, or has ended. */
export type Steps = (call: StepCall, signal: AbortSignal) => Promise<unknown>;

/** Thrown by a step whose worker is gone: the server notices it by the missing heartbeats. */
export class WorkerGone extends Error {
  override readonly name = 'WorkerGone';
}

interface Options {
  readonly id: string;
  /** Zero for no limit. */
  readonly maxAttempts: number;
  readonly withinMs: number | null;
}

const HEARTBEAT_TIMEOUT_MS = 15_000;
const BACKOFF_MS = 1_000;

/** An activity from its schedule to its result: attempts, timeouts, retries and cancellation as the server handles them. */
export class ActivityRun {
  private readonly cancelled = new AbortController();
  /** Resolves the activity without its worker. */
  private settleNow: ((result: Resolved) => void) | null = null;
  private isRunning = false;
  private isAbandoned = false;

  constructor(
    private readonly call: Omit<StepCall, 'attempt'>,
    private readonly options: Options,
    private readonly steps: Steps,
    private readonly clock: VirtualClock,
    private readonly below: (limit: number) => number,
    /** Called if it ends although no attempt has ended. */
    private readonly onUnrun: () => void,
  ) {}

  /** Resolves with the result for the workflow; never if the workflow has ended. */
  run(): Promise<Resolved> {
    return new Promise((resolve, reject) => {
      this.settleNow = resolve;
      const { withinMs } = this.options;
      const expire = (): void => {
        this.abandon();
        resolve(this.timedOut('SCHEDULE_TO_CLOSE'));
      };
      const stop = withinMs === null ? () => undefined : this.clock.after(withinMs, expire);
      this.attempt().then((result) => {
        stop();
        if (result !== null && !this.isAbandoned) resolve(result);
      }, reject);
    });
  }

  /** Requests a cancellation: immediate before the start and between two attempts, else as soon as the worker has heard of it. */
  cancel(): void {
    if (!this.isRunning) {
      this.onUnrun();
      this.settleNow?.(this.cancelledResult(new CancelledFailure('cancelled')));
    }
    this.cancelled.abort();
  }

  /** Nobody waits for the result any more: the workflow has ended, or the time limit has passed. */
  abandon(): void {
    this.isAbandoned = true;
    this.onUnrun();
    this.cancelled.abort();
  }

  private async attempt(): Promise<Resolved | null> {
    const { signal } = this.cancelled;
    for (let attempt = 1; ; attempt += 1) {
      await this.clock.sleep([0, 2, 30, 900][this.below(4)] ?? 0);
      if (signal.aborted) return null;
      this.isRunning = true;
      try {
        const value = await this.steps({ ...this.call, attempt }, signal);
        return { completed: { result: defaultPayloadConverter.toPayload(value) } };
      } catch (error) {
        if (error instanceof CancelledFailure && signal.aborted) return this.cancelledResult(error);
        if (error instanceof WorkerGone) {
          await this.clock.sleep(HEARTBEAT_TIMEOUT_MS);
          if (signal.aborted) return this.timedOut('HEARTBEAT');
        } else if (!(error instanceof ApplicationFailure)) throw error;
        else if (error.nonRetryable === true || attempt === this.options.maxAttempts || signal.aborted) return this.failed(error);
      } finally {
        this.isRunning = false;
      }
      await this.clock.sleep(BACKOFF_MS);
    }
  }

  private timedOut(type: 'HEARTBEAT' | 'SCHEDULE_TO_CLOSE'): Resolved {
    return this.failed(new TimeoutFailure('activity timeout', undefined, type));
  }

  private failed(error: Error): Resolved {
    return { failed: { failure: this.failureOf(error) } };
  }

  private cancelledResult(error: CancelledFailure): Resolved {
    return { cancelled: { failure: this.failureOf(error) } };
  }

  private failureOf(cause: Error) {
    return {
      message: 'Activity task failed',
      activityFailureInfo: { activityId: this.options.id, activityType: { name: this.call.name } },
      cause: defaultFailureConverter.errorToFailure(cause, defaultPayloadConverter),
    };
  }
}
