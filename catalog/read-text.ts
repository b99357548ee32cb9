import { readFile, stat } from 'node:fs/promises';
import type { Problem } from './problem.js';

const MAX_BYTES = 4 * 1024 * 1024;

/**
 * Reads a catalog file as UTF-8 and keeps a byte order mark. Returns a problem, instead of throwing, if the file cannot
 * be read.
 */
export const readText = async (file: string): Promise<{ readonly text: string } | { readonly problem: Problem }> => {
  const fail = (message: string) => ({ problem: { file, line: 0, field: '', message } });
  try {
    const { size } = await stat(file);
    if (size > MAX_BYTES) return fail(`has ${size} bytes; at most ${MAX_BYTES} are allowed`);
    return { text: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(await readFile(file)) };
  } catch (error) {
    if (error instanceof TypeError) return fail('is not UTF-8 text');
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT') return fail('file not found');
    return fail(`cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
};
