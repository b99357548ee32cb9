import { open, type FileHandle } from 'node:fs/promises';
import { z } from 'zod';
import { readTextIfThere } from '../../../core/files.js';
import { Sha256 } from '../../../core/ids.js';
import type { OutputSlab } from '../../../formats/mtp/slabs.js';
import { SourceProof } from '../../../plan/source-proof.js';
import { slabReader } from './payload-file.js';

/** One slab that lies in the output, with the digests of its bytes and of what it was made of. The last of a place counts. */
export const Extent = z.strictObject({
  at: z.int().nonnegative(),
  size: z.int().nonnegative(),
  sha256: Sha256,
  weight: Sha256,
  scale: Sha256.nullable(),
  /** How what it was made of was proven to be the source's; null before that. */
  proof: SourceProof.nullable(),
  /** Ids of the requests that brought it. */
  requests: z.array(z.string().max(200)),
});
export type Extent = z.infer<typeof Extent>;

const parseLine = (line: string): Extent[] => {
  try {
    return [Extent.parse(JSON.parse(line))];
  } catch {
    // The last line of a killed run may be half written; what it would have said is done again.
    return [];
  }
};

const readExtents = async (path: string): Promise<Extent[]> => {
  const text = await readTextIfThere(path);
  return text.split('\n').flatMap((line) => (line === '' ? [] : parseLine(line)));
};

/**
 * What an earlier run of the same extraction finished: slabs whose bytes, read again, are those that its
 * journal says. Everything else is done again.
 */
export const readFinished = async (
  path: string,
  output: FileHandle,
  slabs: readonly OutputSlab[],
  signal: AbortSignal,
): Promise<Map<OutputSlab, Extent>> => {
  const extents = new Map((await readExtents(path)).map((extent) => [extent.at, extent]));
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

/** Opens the journal for more lines. Lines are not synced: what a lost one would have said is found out by reading. */
export const openJournal = async (path: string): Promise<Journal> => {
  const file = await open(path, 'a', 0o600);
  // A half-written last line of a killed run must not swallow the next one.
  await file.appendFile('\n');
  return {
    append: (extent) => file.appendFile(`${JSON.stringify(extent)}\n`),
    close: () => file.close(),
  };
};
