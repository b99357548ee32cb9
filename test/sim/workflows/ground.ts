/** The Temporal server that the fake steps and the people of an order use: a simulated one, or a real one. */
export interface Ground {
  readonly sleep: (milliseconds: number, signal?: AbortSignal) => Promise<void>;
  /** Returns the error of a step whose worker is gone. */
  readonly workerGone: () => Error;
  /** Starts a workflow unless one with this id runs. Returns its run id; null if one runs. */
  readonly start: (type: string, workflowId: string, input: readonly unknown[]) => Promise<string | null>;
  /** Resolves when the newest run of a workflow has ended. */
  readonly closed: (workflowId: string) => Promise<unknown>;
  /** Messages to a workflow. They do nothing if it does not run. An update returns true if it was accepted. */
  readonly signal: (workflowId: string, name: string, message: unknown) => Promise<void>;
  readonly update: (workflowId: string, name: string, message: unknown) => Promise<boolean>;
  readonly cancel: (workflowId: string) => Promise<void>;
}
