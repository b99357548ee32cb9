import pMap from 'p-map';

export interface RunAllOptions {
  /** Maximum number of concurrent tasks. */
  readonly concurrency: number;
  readonly signal: AbortSignal;
  /** Returns false for a failure that lets running tasks finish; no new task starts in that case either. */
  readonly aborts?: (error: unknown) => boolean;
}

/**
 * Runs a task for each item. After the first failure, no new task starts and the running tasks are aborted. The failure
 * is thrown only when all tasks have ended, so that no task still uses a resource that the caller now closes.
 */
export const runAll = async <T>(
  items: Iterable<T>,
  run: (item: T, signal: AbortSignal) => Promise<void>,
  { concurrency, signal, aborts = () => true }: RunAllOptions,
): Promise<void> => {
  const abort = new AbortController();
  const both = AbortSignal.any([signal, abort.signal]);
  const failures: unknown[] = [];
  await pMap(
    items,
    async (item) => {
      if (failures.length > 0 || signal.aborted) return;
      try {
        await run(item, both);
      } catch (error) {
        failures.push(error);
        if (aborts(error)) abort.abort(error);
      }
    },
    { concurrency },
  );
  signal.throwIfAborted();
  if (failures.length > 0) throw failures[0];
};
