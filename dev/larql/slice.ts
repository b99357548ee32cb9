import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import type { Behaviour } from './behaviour.js';
import { LarqlError } from './failure.js';
import type { Progress } from './progress.js';

export interface Slice {
  readonly source: string;
  readonly output: string;
  readonly preset: string;
  readonly dryRun: boolean;
}

/** Files of the preset `expert-server`, as larql copies them. */
const EXPERT_SERVER = /^(?:index\.json|embeddings\.bin|norms\.bin|interleaved.*|tokenizer\.json|weight_manifest\.json|layers\/.*)$/;

/**
 * Runs `larql slice`: copies the files of a preset. The checksums are copied unchanged, also those of files that the slice does not
 * contain.
 *
 * @returns the report for standard output
 * @throws LarqlError
 */
export const slice = async ({ source, output, preset, dryRun }: Slice, behaviour: Behaviour, progress: Progress): Promise<string> => {
  await progress.enter('start', 'slice');
  if (preset !== 'expert-server' || !behaviour.expertServer) throw new LarqlError(`unknown preset '${preset}'`);
  if (existsSync(output)) throw new LarqlError(`output path exists: ${output} (pass --force to overwrite)`);
  const copied = (await readdir(source, { recursive: true })).filter((path) => EXPERT_SERVER.test(path)).toSorted();
  if (!dryRun) {
    for (const path of copied) {
      await mkdir(dirname(join(output, path)), { recursive: true });
      await cp(join(source, path), join(output, path));
    }
    const index = z.looseObject({}).parse(JSON.parse(await readFile(join(source, 'index.json'), 'utf8')));
    await writeFile(join(output, 'index.json'), JSON.stringify({ ...index, extract_level: 'browse', has_model_weights: true }, null, 2));
  }
  return [`Source:         ${source}`, `Destination:    ${output}`, ...copied.map((path) => `  ${path}`)].join('\n');
};
