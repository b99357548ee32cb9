import { connectClient, type TemporalClient } from '../temporal-connection.js';
import type { Context } from '../context.js';

/** Runs something with a connected Temporal client, and closes it whatever happens. */
export const withTemporal = async <T>(context: Pick<Context, 'env'>, run: (temporal: TemporalClient) => Promise<T>): Promise<T> => {
  const temporal = await connectClient({ env: context.env });
  try {
    return await run(temporal);
  } finally {
    await temporal.close();
  }
};
