import { randomUUID } from 'node:crypto';
import { inject } from 'vitest';
import { connectClient, type TemporalClient } from '../../temporal/connect-client.js';

/** A client of the server that all tests share. Close it when done. */
export const connectTestClient = (): Promise<TemporalClient> => connectClient({ env: testTemporalEnv() });

/** Settings that name the shared server and ignore any temporal.toml of this machine. */
export const testTemporalEnv = (): NodeJS.ProcessEnv => ({
  TEMPORAL_ADDRESS: inject('temporalAddress'),
  TEMPORAL_CONFIG_FILE: '/nonexistent/temporal.toml',
});

/** A base for queue names and ids that no other test uses. */
export const uniqueName = (label: string): string => `${label}-${randomUUID().slice(0, 8)}`;

/** For `Worker.create({ workflowBundle })`. */
export const workflowBundle = (): { readonly codePath: string } => {
  const codePath = inject('workflowBundle');
  if (codePath === '') throw new Error('the workflows could not be bundled: see the lines at the start of this run');
  return { codePath };
};
