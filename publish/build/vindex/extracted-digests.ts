import { join } from 'node:path';
import { z } from 'zod';
import { SwpError } from '../../../core/error.js';
import type { FileDigests } from '../../../core/file-digests.js';
import { writeAtomic } from '../../../core/files.js';
import { Sha256 } from '../../../core/ids.js';
import type { Machine, Files } from '../../../core/machine.js';

const FILE = 'digests.json';
const Digests = z.array(z.tuple([z.string(), Sha256]));

/** Path → SHA-256 of each file of an extraction, computed during its proof. */
export type ExtractedDigests = ReadonlyMap<string, Sha256>;

export const DAMAGED = 'vindex/extraction-damaged';

/** The error is transient: the extraction is discarded, and the next attempt extracts again. */
const damaged = (message: string, cause?: unknown): SwpError => new SwpError('unavailable', DAMAGED, message, { cause });

/** Attempts of one build before a damaged extraction needs a person: a bad disk damages every extraction. */
const MAX_ATTEMPTS = 3;

/**
 * Returns the error to report for a build attempt. A damaged extraction stays a transient error, which is retried,
 * until the last attempt, where it becomes a permanent one. Other errors are returned unchanged.
 *
 * @param attempt number of the attempt, from 1
 */
export const endDamage = (error: unknown, attempt: number): unknown =>
  error instanceof SwpError && error.code === DAMAGED && attempt >= MAX_ATTEMPTS
    ? new SwpError('integrity', DAMAGED, error.message, {
        cause: error.cause,
        hint: `It happened in ${attempt} attempts. Check the disk and the memory of this host, then retry, or move to another host.`,
      })
    : error;

/** Writes the digests beside an extraction. Several builds link or slice it, possibly days later. */
export const writeExtractedDigests = (machine: Machine, directory: string, digests: ReadonlyMap<string, FileDigests>): Promise<void> =>
  writeAtomic(machine, join(directory, FILE), JSON.stringify([...digests].map(([path, { sha256 }]) => [path, sha256])));

/**
 * Reads the digests of an extraction.
 *
 * @throws SwpError `vindex/extraction-damaged`
 */
export const readExtractedDigests = async (files: Files, directory: string): Promise<ExtractedDigests> => {
  try {
    return new Map(Digests.parse(JSON.parse(await files.readFile(join(directory, FILE), 'utf8'))));
  } catch (cause) {
    throw damaged('The digests of the extraction in scratch cannot be read.', cause);
  }
};

/**
 * Compares the files that a build took from its extraction with the digests of the extraction: a hard link shows the
 * current bytes on disk, not those that were proven.
 *
 * @throws SwpError `vindex/extraction-damaged`
 */
export const compareExtracted = (extracted: ExtractedDigests, found: ReadonlyMap<string, FileDigests>): void => {
  for (const [path, { sha256 }] of found) {
    const was = extracted.get(path);
    if (was !== undefined && was !== sha256)
      throw damaged(`${path} has SHA-256 ${sha256} in scratch; it had ${was} when it was extracted.`);
  }
};
