import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { SwpError } from '../../../core/error.js';
import type { FileDigests } from '../../../core/file-digests.js';
import { writeAtomic } from '../../../core/files.js';
import { Sha256 } from '../../../core/ids.js';

const FILE = 'digests.json';
const Digests = z.array(z.tuple([z.string(), Sha256]));

/** Path → SHA-256 of each file of an extraction when it was proven. */
export type ExtractedDigests = ReadonlyMap<string, Sha256>;

export const DAMAGED = 'vindex/extraction-damaged';

/** Transient: the extraction is discarded, and the next attempt makes another one. */
const damaged = (message: string, cause?: unknown): SwpError => new SwpError('unavailable', DAMAGED, message, { cause });

/** Extractions of one build that may turn out damaged before a person is asked: a bad disk damages each. */
const EXTRACTIONS = 3;

/**
 * The failure of a build in its so-manieth attempt: one that is tried again for a damaged extraction, and in the end one
 * that is not.
 */
export const endDamage = (error: unknown, attempt: number): unknown =>
  error instanceof SwpError && error.code === DAMAGED && attempt >= EXTRACTIONS
    ? new SwpError('integrity', DAMAGED, error.message, {
        cause: error.cause,
        hint: `It was so in ${attempt} attempts. Look at the disk and the memory of this host, then retry, or move to another host.`,
      })
    : error;

/** Notes the digests beside an extraction that several builds link or slice, maybe days later. */
export const writeExtractedDigests = (directory: string, digests: ReadonlyMap<string, FileDigests>): Promise<void> =>
  writeAtomic(join(directory, FILE), JSON.stringify([...digests].map(([path, { sha256 }]) => [path, sha256])));

/** @throws SwpError `vindex/extraction-damaged` */
export const readExtractedDigests = async (directory: string): Promise<ExtractedDigests> => {
  try {
    return new Map(Digests.parse(JSON.parse(await readFile(join(directory, FILE), 'utf8'))));
  } catch (cause) {
    throw damaged('The extraction in scratch does not say what it holds.', cause);
  }
};

/**
 * Compares what a build took over from its extraction with what was extracted: a hard link has the bytes that the disk
 * has now.
 *
 * @throws SwpError `vindex/extraction-damaged`
 */
export const compareExtracted = (extracted: ExtractedDigests, found: ReadonlyMap<string, FileDigests>): void => {
  for (const [path, { sha256 }] of found) {
    const was = extracted.get(path);
    if (was !== undefined && was !== sha256) throw damaged(`${path} has SHA-256 ${sha256} in scratch; extracted were bytes with ${was}.`);
  }
};
