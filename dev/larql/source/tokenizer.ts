import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { messageOf } from '../../../core/error.js';
import { LarqlError } from '../failure.js';

/** Keeps the document as written: a stricter schema would reorder its members. */
const Written = z.record(z.string(), z.unknown());

const Document = z.object({
  added_tokens: z.array(z.object({ id: z.int(), content: z.string(), special: z.boolean() })).default([]),
  model: z.object({ vocab: z.record(z.string(), z.int()) }),
});

export interface Tokenizer {
  /** The document serialized again, with all fields in the library's order. */
  readonly json: string;
  /** Returns the text of a single token; empty for special tokens and unknown ids. */
  decode(id: number): string;
}

/** The fields that the tokenizers library writes, in its order. */
const FIELDS = ['version', 'truncation', 'padding', 'added_tokens', 'normalizer', 'pre_tokenizer', 'post_processor', 'decoder', 'model'];

/** @throws LarqlError */
export const readTokenizer = (directory: string): Tokenizer => {
  const path = join(directory, 'tokenizer.json');
  if (!existsSync(path)) throw new LarqlError(`tokenizer.json not found at ${directory}`);
  let document: z.output<typeof Document>;
  let written: Record<string, unknown>;
  try {
    written = Written.parse(JSON.parse(readFileSync(path, 'utf8')));
    document = Document.parse(written);
  } catch (error) {
    throw new LarqlError(`failed to load tokenizer: ${messageOf(error)}`);
  }
  const tokens = new Map(Object.entries(document.model.vocab).map(([token, id]) => [id, token]));
  for (const { id, content, special } of document.added_tokens) tokens.set(id, special ? '' : content);
  const rewritten = Object.fromEntries(FIELDS.map((field) => [field, written[field] ?? null]));
  return { json: JSON.stringify(rewritten, null, 2), decode: (id) => (tokens.get(id) ?? '').trim() };
};
