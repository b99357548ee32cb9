import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LarqlError } from '../failure.js';
import type { Matrix } from '../numbers/blocks.js';
import { encodeFloats, type Extraction } from './extraction.js';

const KEY = 'embed_tokens.weight';

/**
 * Writes `embeddings.bin`, the only tensor that must exist.
 *
 * @throws LarqlError
 */
export const writeEmbeddings = async ({ tensors, options, progress }: Extraction): Promise<Matrix> => {
  await progress.stage('embeddings');
  const embeddings = tensors.matrix(KEY);
  if (embeddings === null) throw new LarqlError(`missing tensor: ${KEY}`);
  writeFileSync(join(options.output, 'embeddings.bin'), encodeFloats(embeddings.values, options.dtype));
  progress.stageDone();
  return embeddings;
};
