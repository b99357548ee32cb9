import { NativeConnection } from '@temporalio/worker';
import { SwpError } from '../core/error.js';
import { checkSearchAttributes, searchAttributesError } from '../temporal/search-attributes.js';
import { explainConnection, isListening, readTemporalConfig, unreachable } from '../temporal/profile.js';

const PROBE_MS = 5_000;

/**
 * Connects a worker and checks that the namespace has our search attributes: without them every workflow
 * task would fail and be retried for ever.
 */
export const connectWorker = async (
  env: NodeJS.ProcessEnv,
): Promise<{ readonly connection: NativeConnection; readonly namespace: string; readonly address: string }> => {
  const config = readTemporalConfig(env);
  const { address, namespace, connectionOptions } = config;
  if (!(await isListening(address, PROBE_MS))) throw unreachable(config, 'nothing listens there');
  let connection: NativeConnection;
  try {
    connection = await NativeConnection.connect(connectionOptions);
  } catch (error) {
    throw explainConnection(error, config);
  }
  try {
    const problems = await checkSearchAttributes(connection, namespace);
    if (problems.length > 0) throw searchAttributesError(problems, namespace);
  } catch (error) {
    await connection.close();
    throw error instanceof SwpError ? error : explainConnection(error, config);
  }
  return { connection, namespace, address };
};
