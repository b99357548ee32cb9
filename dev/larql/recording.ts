import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { brotliCompressSync, brotliDecompressSync, constants } from 'node:zlib';
import { z } from 'zod';
import { sha256Of } from '../../core/digests.js';
import { projectRoot } from '../temporal/project.js';

/** Files that differ from machine to machine, or from run to run. */
export const VARYING_FILES: ReadonlySet<string> = new Set(['index.json', 'down_meta.bin']);

/** Recorded lines have these for the snapshot that larql read and the directory that it wrote. */
export const SOURCE = '{source}';
export const OUTPUT = '{output}';

const Recording = z.strictObject({
  /** Output of `larql --version`. */
  larql: z.string(),
  /** Digest of the weights that larql read; see `weightsDigest`. */
  weights: z.string(),
  quant: z.enum(['none', 'q4k']),
  /** Lines of standard error. */
  stderr: z.array(z.string()),
  /** Files in the order of their bytes in the archive. */
  files: z.array(z.strictObject({ path: z.string(), size: z.int().nonnegative(), sha256: z.string() })),
});

/** One run of `larql extract`: its messages and its output. */
export interface Recording extends Omit<z.output<typeof Recording>, 'files'> {
  readonly files: ReadonlyMap<string, Buffer>;
}

const DIRECTORY = join(projectRoot(), 'dev', 'larql', 'recordings');

/** Size of brotli's window as a power of two: larger than the files of a recording, which repeat each other. */
const WINDOW = 24;

/** Writes a recording as a JSON file of its messages and a compressed archive of its files. */
export const writeRecording = async (name: string, { files, ...run }: Recording): Promise<void> => {
  await mkdir(DIRECTORY, { recursive: true });
  const listed = [...files].map(([path, bytes]) => ({ path, size: bytes.byteLength, sha256: sha256Of(bytes) }));
  const archive = brotliCompressSync(Buffer.concat([...files.values()]), {
    params: { [constants.BROTLI_PARAM_LGWIN]: WINDOW, [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY },
  });
  await writeFile(join(DIRECTORY, `${name}.json`), `${JSON.stringify({ ...run, files: listed }, null, 2)}\n`);
  await writeFile(join(DIRECTORY, `${name}.br`), archive);
};

export const readRecording = async (name: string): Promise<Recording> => {
  const { files, ...run } = Recording.parse(JSON.parse(await readFile(join(DIRECTORY, `${name}.json`), 'utf8')));
  const archive = brotliDecompressSync(await readFile(join(DIRECTORY, `${name}.br`)));
  let at = 0;
  const unpacked = files.map(({ path, size, sha256 }): [string, Buffer] => {
    const bytes = archive.subarray(at, (at += size));
    if (sha256Of(bytes) !== sha256) throw new Error(`The recording ${name} is damaged at ${path}.`);
    return [path, bytes];
  });
  return { ...run, files: new Map(unpacked) };
};

/** Returns the names of all recordings. */
export const recordingNames = async (): Promise<string[]> =>
  (await readdir(DIRECTORY)).filter((name) => name.endsWith('.json')).map((name) => name.slice(0, -'.json'.length));

/** Returns the recording of an extraction of these weights; null if there is none. */
export const findRecording = async (weights: string, quant: Recording['quant']): Promise<Recording | null> => {
  for (const name of await recordingNames()) {
    const { weights: read, quant: used } = Recording.parse(JSON.parse(await readFile(join(DIRECTORY, `${name}.json`), 'utf8')));
    if (read === weights && used === quant) return readRecording(name);
  }
  return null;
};
