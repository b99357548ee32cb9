import { isGrpcServiceError, ServiceError } from '@temporalio/client';
import { messageOf, SwpError } from '../core/error.js';

/**
 * Calls the Temporal server from a step. Errors of a server that is away or overloaded become a transient error, so that the
 * step does not fail but is retried.
 *
 * @throws SwpError `temporal/unavailable`
 */
export const mapTemporalErrors = async <T>(call: () => Promise<T>): Promise<T> => {
  try {
    return await call();
  } catch (error) {
    if (!(error instanceof ServiceError) && !isGrpcServiceError(error)) throw error;
    throw new SwpError('unavailable', 'temporal/unavailable', `The call to the Temporal server failed: ${messageOf(error)}`, {
      cause: error,
    });
  }
};
