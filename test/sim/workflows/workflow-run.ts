import { isDeepStrictEqual } from 'node:util';
import { msNumberToTs } from '@temporalio/common/lib/time.js';
import { parseWorkflowCode } from '@temporalio/worker/lib/worker.js';
import { ReusableVMWorkflowCreator } from '@temporalio/worker/lib/workflow/reusable-vm.js';
import { Script } from 'node:vm';
import { decode, encodeAll } from './payloads.js';

type Creator = ReusableVMWorkflowCreator;
type VmWorkflow = Awaited<ReturnType<Creator['createWorkflow']>>;
type Activation = Parameters<VmWorkflow['activate']>[0];
export type Job = NonNullable<Activation['jobs']>[number];
type Completion = Awaited<ReturnType<VmWorkflow['activate']>>;
export type Command = NonNullable<NonNullable<NonNullable<Completion['successful']>['commands']>[number]>;

const ACTIVATION_TIMEOUT_MS = 60_000;

/**
 * Loads the bundle of the workflows as a worker does, with one difference: no promise records where it was made, which takes most of
 * the time of a workflow.
 */
export const loadWorkflows = (code: string): Creator => {
  const bundle = parseWorkflowCode(code);
  return new ReusableVMWorkflowCreator(new Script(bundle.code, { filename: bundle.filename }), bundle, ACTIVATION_TIMEOUT_MS, new Set());
};

export interface RunOptions {
  readonly type: string;
  readonly workflowId: string;
  readonly runId: string;
  readonly taskQueue: string;
  readonly input: readonly unknown[];
  readonly parent: { readonly workflowId: string; readonly runId: string } | null;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
}

/** Order of jobs within an activation, as the SDK's core sorts them. */
const rankOf = (job: Job): number => {
  if (job.initializeWorkflow != null) return 0;
  return job.signalWorkflow != null || job.doUpdate != null ? 1 : 2;
};

/** The code of one workflow run, in the SDK's own sandbox. */
export class WorkflowRun {
  private readonly past: { readonly activation: Activation; readonly commands: readonly Command[] }[] = [];
  /** About as many events as a server would count. */
  private historyLength = 3;
  /** Flags of the SDK that the run uses. */
  private flags: number[] = [];

  private constructor(
    private readonly creator: Creator,
    readonly options: RunOptions,
    private vm: VmWorkflow,
  ) {}

  static async create(creator: Creator, options: RunOptions): Promise<WorkflowRun> {
    return new WorkflowRun(creator, options, await createVm(creator, options));
  }

  /** Returns the job that starts the run. */
  get firstJob(): Job {
    const { type, workflowId, runId, input, parent, startedAt } = this.options;
    return {
      initializeWorkflow: {
        workflowType: type,
        workflowId,
        arguments: encodeAll(input),
        firstExecutionRunId: runId,
        attempt: 1,
        startTime: msNumberToTs(startedAt),
        ...(parent === null ? {} : { parentWorkflowInfo: { ...parent, namespace: 'default' } }),
      },
    };
  }

  /**
   * Delivers jobs in one workflow task, and returns the commands of the workflow.
   *
   * @throws if the workflow code throws, which a server would retry forever
   */
  async activate(jobs: readonly Job[], now: number): Promise<readonly Command[]> {
    this.historyLength += 2 + jobs.length;
    const activation: Activation = {
      runId: this.options.runId,
      timestamp: msNumberToTs(now),
      historyLength: this.historyLength,
      isReplaying: false,
      jobs: jobs.toSorted((a, b) => rankOf(a) - rankOf(b)),
    };
    const commands = await this.run(activation);
    this.past.push({ activation, commands });
    return commands;
  }

  /** Answers a query from the state of the workflow. */
  async query(name: string): Promise<unknown> {
    const queryWorkflow = { queryId: 'query', queryType: name, arguments: [] };
    const { successful } = await this.vm.activate({
      runId: this.options.runId,
      jobs: [{ queryWorkflow, variant: 'queryWorkflow' }],
    });
    const answer = successful?.commands?.[0]?.respondToQuery;
    if (answer?.succeeded?.response == null) throw new Error(`the query ${name} failed: ${answer?.failed?.message ?? 'no answer'}`);
    return decode(answer.succeeded.response);
  }

  /**
   * Forgets the state of the workflow, as a worker does that needs the memory, and rebuilds it from its history.
   *
   * @throws if the workflow gives other commands this time
   */
  async replay(): Promise<void> {
    await this.dispose();
    this.vm = await createVm(this.creator, this.options);
    for (const { activation, commands } of this.past) {
      const again = await this.run({ ...activation, isReplaying: true, availableInternalFlags: this.flags });
      if (!isDeepStrictEqual(again, commands)) throw new Error(`${this.options.workflowId} gives other commands when it is replayed`);
    }
  }

  async dispose(): Promise<void> {
    await this.vm.dispose();
  }

  private async run(activation: Activation): Promise<readonly Command[]> {
    const { successful, failed } = await this.vm.activate(activation);
    if (successful == null)
      throw new Error(
        `a task of ${this.options.workflowId} failed: ${failed?.failure?.message ?? ''}\n${failed?.failure?.stackTrace ?? ''}`,
      );
    if (activation.isReplaying !== true) this.flags = [...(successful.usedInternalFlags ?? [])];
    return successful.commands ?? [];
  }
}

const createVm = (creator: Creator, { type, workflowId, runId, taskQueue, parent, startedAt }: RunOptions): Promise<VmWorkflow> =>
  creator.createWorkflow({
    info: {
      workflowId,
      runId,
      workflowType: type,
      taskQueue,
      namespace: 'default',
      firstExecutionRunId: runId,
      ...(parent === null ? {} : { parent: { ...parent, namespace: 'default' } }),
      startTime: new Date(startedAt),
      runStartTime: new Date(startedAt),
      attempt: 1,
      unsafe: { isReplaying: false },
    },
    randomnessSeed: [...Buffer.from(runId)],
    now: startedAt,
    showStackTraceSources: false,
    failureExceptionTypeNames: [],
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the SDK reads no other field of these options here
  } as unknown as Parameters<Creator['createWorkflow']>[0]);
