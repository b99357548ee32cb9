import type { SwpError } from '../../core/error.js';
import type { HubConfig } from '../config.js';
import { withOwnConnections } from '../connections.js';

/**
 * Reads bytes, and reads them again where they are not the right ones, over connections of their own: what a cache or a
 * line got wrong once proves nothing against the file.
 *
 * @param failure told as the reason of the second look
 * @returns what was read last
 */
export const readTwiceIfWrong = async <T>(
  hub: HubConfig,
  failure: SwpError,
  read: (hub: HubConfig) => Promise<T>,
  isRight: (value: T) => boolean,
): Promise<{ readonly value: T; readonly isRight: boolean; readonly wasWrong: boolean }> => {
  const first = await read(hub);
  if (isRight(first)) return { value: first, isRight: true, wasWrong: false };
  hub.meter?.retried(failure.code);
  hub.onRetry?.(failure, 0, 0);
  const own = withOwnConnections(hub);
  try {
    const second = await read(own.hub);
    return { value: second, isRight: isRight(second), wasWrong: true };
  } finally {
    own.close();
  }
};
