import type { z } from 'zod';
import { SwpError } from '../../core/error.js';
import { sanitizeLine } from '../../core/text.js';
import { JsonReader } from '../safetensors/json-reader.js';

/** No `index.json`, manifest or `config.json` is nearly as large; a parsed document must fit into a worker's memory. */
export const MAX_JSON = 16 * 1024 * 1024;

/** Number of problems of a document that a message names. */
const SHOWN = 3;

const whereOf = (path: readonly PropertyKey[]): string => (path.length === 0 ? '' : ` at ${path.map(String).join('.')}`);

/**
 * Parses an untrusted JSON document: its size is limited, it must be well-formed UTF-8, and it must have no duplicate keys.
 *
 * @param name the file, for messages
 * @throws SwpError `formats/vindex-json`
 */
export const readJson = (bytes: Uint8Array, name: string): unknown => {
  const refuse = (reason: string, cause?: unknown): never => {
    throw new SwpError('integrity', 'formats/vindex-json', `${sanitizeLine(name, 120)} ${reason}`, { cause });
  };
  if (bytes.byteLength > MAX_JSON) return refuse(`has ${bytes.byteLength} bytes; at most ${MAX_JSON} are read.`);
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    const reader = new JsonReader();
    reader.append(text);
    reader.finish();
    reader.skip();
    reader.end();
    return JSON.parse(text);
  } catch (cause) {
    return refuse('is not JSON that SWP accepts', cause);
  }
};

/**
 * Parses a JSON document and validates it against a schema.
 *
 * @throws SwpError `formats/vindex-json`
 */
export const parseJson = <T>(schema: z.ZodType<T>, bytes: Uint8Array, name: string): T => {
  const parsed = schema.safeParse(readJson(bytes, name));
  if (parsed.success) return parsed.data;
  const { issues } = parsed.error;
  const shown = issues.slice(0, SHOWN).map(({ path, message }) => `${sanitizeLine(message, 120)}${sanitizeLine(whereOf(path), 120)}`);
  throw new SwpError(
    'integrity',
    'formats/vindex-json',
    `${sanitizeLine(name, 120)} is not as larql writes it: ${shown.join('; ')}${issues.length > SHOWN ? ` and ${issues.length - SHOWN} more` : ''}.`,
  );
};
