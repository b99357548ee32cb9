import { CancellationScope, sleep } from '@temporalio/workflow';

/** Creates a scope that a cancel of the workflow does not reach. The scope itself can be cancelled. */
export const detachedScope = (): CancellationScope =>
  new CancellationScope({ cancellable: true, parent: new CancellationScope({ cancellable: false }) });

/** Runs a function in a detached scope. A cancel of the workflow reaches it only after `afterMs`. */
export const runCancelledLate = async <T>(scope: CancellationScope, afterMs: number, run: () => Promise<T>): Promise<T> => {
  const grace = detachedScope();
  const cancelLate = (): Promise<void> =>
    grace
      .run(() => sleep(afterMs, { summary: 'a cancel waits for this step' }))
      .then(
        () => scope.cancel(),
        () => undefined,
      );
  CancellationScope.current().cancelRequested.catch(cancelLate);
  try {
    return await scope.run(run);
  } finally {
    grace.cancel();
  }
};
