import type { Worker } from '@temporalio/worker';

/**
 * Runs workers until the signal aborts, then lets them finish their current tasks. When one of them fails, the others
 * stop too and its error is thrown.
 */
export const runWorkers = async (workers: readonly Worker[], stop: AbortSignal): Promise<void> => {
  const shutdown = (): void => {
    for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
  };
  if (stop.aborted) return;
  stop.addEventListener('abort', shutdown, { once: true });
  const runs = workers.map(async (worker) => {
    try {
      await worker.run();
    } finally {
      shutdown();
    }
  });
  try {
    await Promise.all(runs);
  } finally {
    await Promise.allSettled(runs);
    stop.removeEventListener('abort', shutdown);
  }
};
