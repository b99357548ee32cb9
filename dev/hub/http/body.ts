import { z } from 'zod';
import { refuse } from './reply.js';

const MAX_JSON = 32 << 20;

/** Reads a whole body of at most `limit` bytes; refuses a larger one with 413. */
export const readBytes = async (body: AsyncIterable<Uint8Array>, limit = MAX_JSON): Promise<Buffer> => {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.byteLength;
    if (size > limit) throw refuse(413, 'request entity too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
};

/** Parses a client's input, or refuses it with 400 and the invalid fields. */
export const parseInput = <S extends z.ZodType>(schema: S, value: unknown): z.output<S> => {
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw refuse(400, `Invalid request body: ${z.prettifyError(parsed.error)}`);
  return parsed.data;
};

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    throw refuse(400, 'Invalid JSON in the request body');
  }
};

export const readJson = async <S extends z.ZodType>(body: AsyncIterable<Uint8Array>, schema: S): Promise<z.output<S>> =>
  parseInput(schema, parseJson((await readBytes(body)).toString('utf8')));

/** Yields the values of an NDJSON body one at a time, so that a commit of many files is never in memory as a whole. */
export async function* readNdjson(body: AsyncIterable<Uint8Array>, maxLine: number): AsyncGenerator {
  let pieces: Uint8Array[] = [];
  let size = 0;
  const line = (): string => {
    const text = Buffer.concat(pieces).toString('utf8').trim();
    pieces = [];
    size = 0;
    return text;
  };
  for await (const chunk of body) {
    let from = 0;
    for (let at = chunk.indexOf(10); at !== -1; at = chunk.indexOf(10, from)) {
      pieces.push(chunk.subarray(from, at));
      from = at + 1;
      const text = line();
      if (text !== '') yield parseJson(text);
    }
    pieces.push(chunk.subarray(from));
    size += chunk.byteLength - from;
    if (size > maxLine) throw refuse(413, 'request entity too large');
  }
  const text = line();
  if (text !== '') yield parseJson(text);
}
