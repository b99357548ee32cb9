import { tsToMs } from '@temporalio/common/lib/time.js';
import { endTurns, type VirtualClock } from '../virtual-clock.js';
import { ActivityRun, type StepCall, type Steps } from './activity-run.js';
import { childResult, decode, decodeAll, encodeAll, errorOf, type End } from './payloads.js';
import { WorkflowRun, type loadWorkflows, type Command, type Job, type RunOptions } from './workflow-run.js';

export interface Run extends RunOptions {
  /** Null while it runs. */
  readonly end: End | null;
}

interface Update {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** A run, and what the server knows about it. */
interface ServedRun {
  readonly code: WorkflowRun;
  readonly jobs: Job[];
  readonly timers: Map<number, () => void>;
  readonly activities: Map<number, ActivityRun>;
  readonly children: Map<number, ServedRun>;
  readonly updates: Map<string, Update>;
  readonly whenClosed: ((end: End) => void)[];
  isScheduled: boolean;
  isCancelRequested: boolean;
  end: End | null;
}

const ALREADY_EXISTS = 1;

/**
 * A Temporal server and its workers in this process, on a virtual clock. The workflows run in the SDK's own sandbox, from the same
 * bundle as in production; only the server, the core of the SDK and the activities are simulated.
 */
export class SimTemporal {
  /** The newest run of each workflow id. */
  private readonly newest = new Map<string, ServedRun>();
  private readonly all: ServedRun[] = [];
  /** Workflow ids whose sandbox is being made. */
  private readonly starting = new Set<string>();
  private readonly due: ServedRun[] = [];
  /** The first error of a step that is no failure of a Temporal activity. */
  private broken: Error | null = null;
  private ids = 0;

  /**
   * @param below returns a random number below a limit: it decides about delays, the order of tasks, and replays
   * @param onUnrun called for a step that ends although no attempt of it has ended
   */
  constructor(
    private readonly workflows: ReturnType<typeof loadWorkflows>,
    private readonly clock: VirtualClock,
    private readonly steps: Steps,
    private readonly below: (limit: number) => number,
    private readonly onUnrun: (call: Omit<StepCall, 'attempt'>) => void,
  ) {}

  /** Starts a workflow. Returns its run id; null if a workflow with this id runs. */
  async start(type: string, workflowId: string, input: readonly unknown[]): Promise<string | null> {
    const run = await this.startRun(type, workflowId, input, null);
    return run?.code.options.runId ?? null;
  }

  /** All runs, in the order of their starts. */
  get runs(): readonly Run[] {
    return this.all.map(({ code: { options }, end }) => ({ ...options, end }));
  }

  /** Resolves with the end of the newest run. */
  closed(workflowId: string): Promise<End> {
    const run = this.find(workflowId);
    return new Promise((resolve) => {
      if (run.end === null) run.whenClosed.push(resolve);
      else resolve(run.end);
    });
  }

  query(workflowId: string, name: string): Promise<unknown> {
    return this.find(workflowId).code.query(name);
  }

  /** Returns false if the workflow does not run. */
  signal(workflowId: string, name: string, ...args: readonly unknown[]): boolean {
    const run = this.newest.get(workflowId);
    if (run === undefined || run.end !== null) return false;
    this.push(run, { signalWorkflow: { signalName: name, input: encodeAll(args) } });
    return true;
  }

  /** Sends an update, and returns its result. Rejects if it is refused, or if the workflow ends first. */
  update(workflowId: string, name: string, ...args: readonly unknown[]): Promise<unknown> {
    const run = this.newest.get(workflowId);
    if (run === undefined || run.end !== null) return Promise.reject(new Error(`${workflowId} does not run`));
    const id = `update-${(this.ids += 1)}`;
    return new Promise((resolve, reject) => {
      run.updates.set(id, { resolve, reject });
      const input = encodeAll(args);
      this.push(run, {
        doUpdate: { id, protocolInstanceId: id, name, input, runValidator: true, meta: { updateId: id, identity: 'sim' } },
      });
    });
  }

  /** Returns false if the workflow does not run. */
  cancel(workflowId: string): boolean {
    const run = this.newest.get(workflowId);
    if (run === undefined || run.end !== null) return false;
    if (!run.isCancelRequested) this.push(run, { cancelWorkflow: { reason: 'requested' } });
    run.isCancelRequested = true;
    return true;
  }

  /** Runs workflow tasks until all workflows wait. */
  async settle(): Promise<void> {
    for (;;) {
      // The steps go on first.
      await endTurns();
      if (this.broken !== null) throw this.broken;
      const [run] = this.due.splice(this.below(this.due.length), 1);
      if (run === undefined) return;
      run.isScheduled = false;
      if (run.end !== null) continue;
      if (this.below(20) === 0) await run.code.replay();
      const commands = await run.code.activate(run.jobs.splice(0), this.clock.now());
      for (const command of commands) await this.apply(run, command);
    }
  }

  /** Frees all workflows. */
  async close(): Promise<void> {
    for (const { code, end } of this.all) if (end === null) await code.dispose();
  }

  private find(workflowId: string): ServedRun {
    const run = this.newest.get(workflowId);
    if (run === undefined) throw new Error(`there is no workflow ${workflowId}`);
    return run;
  }

  private async startRun(type: string, workflowId: string, input: readonly unknown[], parent: ServedRun | null): Promise<ServedRun | null> {
    if (this.newest.get(workflowId)?.end === null || this.starting.has(workflowId)) return null;
    this.starting.add(workflowId);
    const runId = `run-${(this.ids += 1)}`;
    const code = await WorkflowRun.create(this.workflows, {
      type,
      workflowId,
      runId,
      taskQueue: 'swp',
      input,
      parent: parent === null ? null : { workflowId: parent.code.options.workflowId, runId: parent.code.options.runId },
      startedAt: this.clock.now(),
    });
    const run: ServedRun = {
      code,
      jobs: [],
      timers: new Map(),
      activities: new Map(),
      children: new Map(),
      updates: new Map(),
      whenClosed: [],
      isScheduled: false,
      isCancelRequested: false,
      end: null,
    };
    this.starting.delete(workflowId);
    this.newest.set(workflowId, run);
    this.all.push(run);
    this.push(run, code.firstJob);
    return run;
  }

  /** Adds a job. A busy worker delays the task, so that more jobs come with it. */
  private push(run: ServedRun, job: Job): void {
    if (run.end !== null) return;
    run.jobs.push(job);
    if (run.isScheduled) return;
    run.isScheduled = true;
    const delay = [0, 0, 0, 3, 40, 700][this.below(6)] ?? 0;
    if (delay === 0) this.due.push(run);
    else this.clock.after(delay, () => this.due.push(run));
  }

  private async apply(run: ServedRun, command: Command): Promise<void> {
    if (run.end !== null) return;
    const {
      startTimer,
      cancelTimer,
      scheduleActivity,
      requestCancelActivity,
      startChildWorkflowExecution: startChild,
      cancelChildWorkflowExecution: cancelChild,
      signalExternalWorkflowExecution: signal,
      updateResponse,
    } = command;
    if (startTimer != null) {
      const seq = startTimer.seq!;
      run.timers.set(
        seq,
        this.clock.after(tsToMs(startTimer.startToFireTimeout), () => this.push(run, { fireTimer: { seq } })),
      );
    } else if (cancelTimer != null) run.timers.get(cancelTimer.seq!)?.();
    else if (scheduleActivity != null) this.runActivity(run, scheduleActivity);
    else if (requestCancelActivity != null) run.activities.get(requestCancelActivity.seq!)?.cancel();
    else if (startChild != null) await this.runChild(run, startChild);
    else if (cancelChild != null) this.cancel(run.children.get(cancelChild.childWorkflowSeq!)?.code.options.workflowId ?? '');
    else if (signal != null) {
      const isSent = this.signal(signal.workflowExecution?.workflowId ?? '', signal.signalName!, ...decodeAll(signal.args));
      const failure = { message: 'not found', applicationFailureInfo: { type: 'not-found', nonRetryable: true } };
      this.push(run, { resolveSignalExternalWorkflow: { seq: signal.seq!, ...(isSent ? {} : { failure }) } });
    } else if (updateResponse != null) this.answer(run, updateResponse);
    else await this.end(run, command);
  }

  private runActivity(run: ServedRun, scheduled: NonNullable<Command['scheduleActivity']>): void {
    const seq = scheduled.seq!;
    const { workflowId, runId } = run.code.options;
    const call = { name: scheduled.activityType!, args: decodeAll(scheduled.arguments), queue: scheduled.taskQueue!, workflowId, runId };
    const activity = new ActivityRun(
      call,
      {
        id: scheduled.activityId!,
        maxAttempts: scheduled.retryPolicy?.maximumAttempts ?? 0,
        withinMs: scheduled.scheduleToCloseTimeout == null ? null : tsToMs(scheduled.scheduleToCloseTimeout),
      },
      this.steps,
      this.clock,
      this.below,
      () => this.onUnrun(call),
    );
    run.activities.set(seq, activity);
    activity.run().then(
      (result) => {
        run.activities.delete(seq);
        this.push(run, { resolveActivity: { seq, result } });
      },
      (error: Error) => (this.broken ??= error),
    );
  }

  private async runChild(parent: ServedRun, scheduled: NonNullable<Command['startChildWorkflowExecution']>): Promise<void> {
    const seq = scheduled.seq!;
    const workflowId = scheduled.workflowId!;
    const workflowType = scheduled.workflowType!;
    const child = await this.startRun(workflowType, workflowId, decodeAll(scheduled.input), parent);
    if (child === null) {
      // oxlint-disable-next-line typescript/no-unsafe-enum-assignment -- the enumeration is in a package that only the SDK depends on
      this.push(parent, { resolveChildWorkflowExecutionStart: { seq, failed: { workflowId, workflowType, cause: ALREADY_EXISTS } } });
      return;
    }
    parent.children.set(seq, child);
    this.push(parent, { resolveChildWorkflowExecutionStart: { seq, succeeded: { runId: child.code.options.runId } } });
    child.whenClosed.push((end) => {
      parent.children.delete(seq);
      this.push(parent, { resolveChildWorkflowExecution: { seq, result: childResult(end, child.code.options) } });
    });
  }

  private answer(run: ServedRun, { protocolInstanceId, rejected, completed }: NonNullable<Command['updateResponse']>): void {
    const update = run.updates.get(protocolInstanceId!);
    if (rejected != null) update?.reject(errorOf(rejected));
    else if (completed != null) update?.resolve(decode(completed));
  }

  private async end(run: ServedRun, command: Command): Promise<void> {
    const {
      completeWorkflowExecution: completed,
      failWorkflowExecution: failed,
      cancelWorkflowExecution: cancelled,
      continueAsNewWorkflowExecution: continued,
    } = command;
    if (completed != null) run.end = { status: 'completed', result: decode(completed.result) };
    else if (failed?.failure != null) run.end = { status: 'failed', error: errorOf(failed.failure) };
    else if (cancelled != null) run.end = { status: 'cancelled' };
    else if (continued != null) run.end = { status: 'continued' };
    else return;
    for (const stop of run.timers.values()) stop();
    for (const activity of run.activities.values()) activity.abandon();
    for (const { reject } of run.updates.values()) reject(new Error(`${run.code.options.workflowId} has ended`));
    for (const child of run.children.values()) this.cancel(child.code.options.workflowId);
    await run.code.dispose();
    // The server lets a workflow end only when it has seen all events; here, what arrives in its last task is dropped.
    if (continued != null) {
      const next = await this.startRun(continued.workflowType!, run.code.options.workflowId, decodeAll(continued.arguments), null);
      next?.whenClosed.push(...run.whenClosed);
    } else for (const resolve of run.whenClosed) resolve(run.end);
  }
}
