import pMap from 'p-map';

export interface RunAllOptions {
  /** So many at once. */
  readonly concurrency: number;
  readonly signal: AbortSignal;
  /** False for failures after which those that run may end in peace; nothing new is begun then either. */
  readonly aborts?: (error: unknown) => boolean;
}

/**
 * Runs a task for each item. After the first failure nothing new is begun and the tasks that run are aborted;
 * when all have ended, so that nobody uses what the caller now closes, that failure is thrown.
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
