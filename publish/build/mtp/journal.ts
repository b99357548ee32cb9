import type { FileHandle } from 'node:fs/promises';
import { z } from 'zod';
import { readTextOrEmpty } from '../../../core/files.js';
import { Sha256 } from '../../../core/ids.js';
import type { Files } from '../../../core/machine.js';
import type { OutputSlab } from '../../../formats/mtp/slabs.js';
import { SourceProof } from '../../../plan/source-proof.js';
import { slabReader } from './payload-file.js';

/** One slab in the output, with the digests of its bytes and of its inputs. The last entry for an offset counts. */
export const Extent = z.strictObject({
  at: z.int().nonnegative(),
  size: z.int().nonnegative(),
  sha256: Sha256,
  weight: Sha256,
  scale: Sha256.nullable(),
  /** The proof that its inputs are the source's; null before the proof. */
  proof: SourceProof.nullable(),
  /** Ids of the requests that returned its inputs. */
  requests: z.array(z.string().max(200)),
});
export type Extent = z.infer<typeof Extent>;

const parseLine = (line: string): Extent[] => {
  try {
    return [Extent.parse(JSON.parse(line))];
  } catch {
    // A killed run may leave a half-written last line. Its slab is done again.
    return [];
  }
};

const readExtents = async (files: Files, path: string): Promise<Extent[]> => {
  const text = await readTextOrEmpty(files, path);
  return text.split('\n').flatMap((line) => (line === '' ? [] : parseLine(line)));
};

/**
 * Returns the slabs that an earlier run of the same extraction finished: those whose bytes, read again, have the digest
 * in the journal. All other slabs are done again.
 */
export const readFinished = async (
  files: Files,
  path: string,
  output: FileHandle,
  slabs: readonly OutputSlab[],
  signal: AbortSignal,
): Promise<Map<OutputSlab, Extent>> => {
  const extents = new Map((await readExtents(files, path)).map((extent) => [extent.at, extent]));
  const finished = new Map<OutputSlab, Extent>();
  const readSlab = slabReader(output, signal);
  for (const slab of slabs) {
    const extent = extents.get(slab.at);
    const fits = extent !== undefined && extent.size === slab.size && (extent.scale === null) === (slab.scale === null);
    if (fits && (await readSlab(slab))?.sha256 === extent.sha256) finished.set(slab, extent);
  }
  return finished;
};

export interface Journal {
  append(extent: Extent): Promise<void>;
  close(): Promise<void>;
}

/** Opens the journal for appending. Appends are not synced: a slab whose line is lost is done again. */
export const openJournal = async (files: Files, path: string): Promise<Journal> => {
  const file = await files.open(path, 'a', 0o600);
  // A killed run may leave a half-written last line. The newline keeps it apart from the next line.
  await file.appendFile('\n');
  return {
    append: (extent) => file.appendFile(`${JSON.stringify(extent)}\n`),
    close: () => file.close(),
  };
};
