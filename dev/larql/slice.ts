import { dirname, join, relative } from 'node:path';
import { z } from 'zod';
import { pathExists } from '../../core/files.js';
import type { Files } from '../../core/machine.js';
import type { StandIn } from './extract.js';
import { LarqlError } from './failure.js';

export interface Slice {
  readonly source: string;
  readonly output: string;
  readonly preset: string;
  readonly dryRun: boolean;
}

/** Files of the preset `expert-server`, as larql copies them. */
const EXPERT_SERVER = /^(?:index\.json|embeddings\.bin|norms\.bin|interleaved.*|tokenizer\.json|weight_manifest\.json|layers\/.*)$/;

const filesIn = async (files: Files, directory: string): Promise<string[]> => {
  const entries = await files.readdir(directory, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => relative(directory, join(parentPath, name)));
};

/**
 * Runs `larql slice`: copies the files of a preset. The checksums are copied unchanged, also those of files that the slice does not
 * contain.
 *
 * @returns the report for standard output
 * @throws LarqlError
 */
export const slice = async ({ source, output, preset, dryRun }: Slice, { files, behaviour, progress }: StandIn): Promise<string> => {
  await progress.enter('start', 'slice');
  if (preset !== 'expert-server' || !behaviour.expertServer) throw new LarqlError(`unknown preset '${preset}'`);
  if (await pathExists(files, output)) throw new LarqlError(`output path exists: ${output} (pass --force to overwrite)`);
  const copied = (await filesIn(files, source)).filter((path) => EXPERT_SERVER.test(path)).toSorted();
  if (!dryRun) {
    for (const path of copied) {
      await files.mkdir(dirname(join(output, path)), { recursive: true });
      await files.writeFile(join(output, path), await files.readFile(join(source, path)));
    }
    const index = z.looseObject({}).parse(JSON.parse(await files.readFile(join(source, 'index.json'), 'utf8')));
    await files.writeFile(
      join(output, 'index.json'),
      JSON.stringify({ ...index, extract_level: 'browse', has_model_weights: true }, null, 2),
    );
  }
  return [`Source:         ${source}`, `Destination:    ${output}`, ...copied.map((path) => `  ${path}`)].join('\n');
};
