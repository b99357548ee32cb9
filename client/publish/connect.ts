import { messageOf, SwpError } from '../../core/error.js';
import { checkSearchAttributes, searchAttributesError } from '../../temporal/search-attributes.js';
import { temporalSecretsIn } from '../../temporal/profile.js';
import { connectClient, type TemporalClient } from '../../temporal/connect-client.js';
import type { Context } from '../context.js';

/** Replaces the server's own error for missing search attributes with one that says how to add them. */
const explain = async (error: unknown, { connection, namespace }: TemporalClient): Promise<unknown> => {
  if (error instanceof SwpError || !/search attribute/i.test(messageOf(error))) return error;
  const problems = await checkSearchAttributes(connection, namespace);
  return problems.length === 0 ? error : searchAttributesError(problems, namespace);
};

/**
 * Runs a function with a connected Temporal client, and always closes the client.
 *
 * @throws SwpError `temporal/search-attributes` in a namespace that lacks them
 */
export const withTemporal = async <T>(context: Pick<Context, 'env' | 'out'>, run: (temporal: TemporalClient) => Promise<T>): Promise<T> => {
  context.out.conceal(temporalSecretsIn(context.env));
  const temporal = await connectClient({ env: context.env });
  try {
    return await run(temporal);
  } catch (error) {
    throw await explain(error, temporal);
  } finally {
    await temporal.close();
  }
};
