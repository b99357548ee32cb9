import { isGrpcServiceError, ServiceError } from '@temporalio/client';
import { messageOf, SwpError } from '../core/error.js';

/**
 * Asks the Temporal server something in a step. A server that is away, or does not keep up, is no failure of the step:
 * it is asked again.
 *
 * @throws SwpError `temporal/unavailable`
 */
export const withTemporalRetry = async <T>(ask: () => Promise<T>): Promise<T> => {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof ServiceError) && !isGrpcServiceError(error)) throw error;
    throw new SwpError('unavailable', 'temporal/unavailable', `The Temporal server: ${messageOf(error)}`, { cause: error });
  }
};
