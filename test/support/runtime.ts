import { DefaultLogger, Runtime } from '@temporalio/worker';

let installed = false;

/** Silences the SDK. A process can install its runtime only once, and test files share a process. */
export const quietRuntime = (): void => {
  if (installed) return;
  installed = true;
  Runtime.install({
    logger: new DefaultLogger('ERROR'),
    telemetryOptions: { logging: { filter: { core: 'ERROR', other: 'ERROR' }, forward: {} } },
  });
};
