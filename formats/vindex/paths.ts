import { z } from 'zod';

const MAX_PATH = 255;

/**
 * Accepts a plain name, or one inside one folder: a vindex has no deeper paths. The path becomes part of URLs and local
 * paths.
 */
export const isPlainPath = (path: string): boolean =>
  path.length <= MAX_PATH && /^(?:[\w][\w.-]*\/)?[\w][\w.-]*$/.test(path) && !path.split('/').some((part) => part.endsWith('.'));

export const PlainPath = z.string().refine(isPlainPath, 'is not a plain file name');
