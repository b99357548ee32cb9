import { SwpError } from '../../core/error.js';
import { withOwnConnections, type Hub } from '../hub.js';

/**
 * Reads bytes and, if they are wrong, reads them once more over separate connections: one error of a cache or a line does
 * not prove that the file is wrong.
 *
 * @param failure reported as the reason for the second read
 * @returns the result of the last read
 */
export const readTwiceIfWrong = async <T>(
  hub: Hub,
  failure: SwpError,
  read: (hub: Hub) => Promise<T>,
  isRight: (value: T) => boolean,
): Promise<{ readonly value: T; readonly isRight: boolean; readonly wasWrong: boolean }> => {
  const first = await read(hub);
  if (isRight(first)) return { value: first, isRight: true, wasWrong: false };
  const second = await readAgain(hub, failure, read);
  return { value: second, isRight: isRight(second), wasWrong: true };
};

/** Reads a value and, if the read fails because the data is broken, reads it once more over separate connections. */
export const readAgainIfBroken = async <T>(
  hub: Hub,
  read: (hub: Hub) => Promise<T>,
  isBroken: (error: SwpError) => boolean,
): Promise<T> => {
  try {
    return await read(hub);
  } catch (error) {
    if (!(error instanceof SwpError) || !isBroken(error)) throw error;
    return readAgain(hub, error, read);
  }
};

const readAgain = async <T>(hub: Hub, failure: SwpError, read: (hub: Hub) => Promise<T>): Promise<T> => {
  hub.onRetry(failure, 0, 0);
  const own = withOwnConnections(hub);
  try {
    return await read(own.hub);
  } finally {
    own.close();
  }
};
