import { SwpError } from '../../core/error.js';
import type { Digest } from '../../core/ids.js';
import type { Hub } from '../../hub/hub.js';
import { readSmallFile } from '../../hub/read/read-small-file.js';
import { readTwiceIfWrong } from '../../hub/read/read-twice.js';
import { verifyPaths, type ReadBack } from '../../hub/read/verify-files.js';
import { digestOfBytes } from '../../core/digests.js';
import { describeBytes, manifestDigest } from '../../plan/manifest.js';
import { manifestOf, parseProvenance, PROVENANCE_LIMIT, PROVENANCE_PATH } from '../../plan/provenance.js';
import type { VerifyReport, VerifyRequest } from '../../contract/publish-activities.js';
import type { ReportProgress } from '../progress.js';

const SHOWN_MISMATCHES = 5;
/** Limit of bytes to read back from files without samples, for each publish. */
const SAMPLE_BYTES = 64 * 1024 * 1024;

/** Selects the bytes to read back from a target with this manifest: all of them, or the same samples each time. */
export const sampleOf = (manifest: Digest, full: boolean): ReadBack => (full ? 'full' : { maxBytes: SAMPLE_BYTES, seed: manifest });

const CHANGED = 'Do not load this repository. Find out who wrote to it; a new publish repairs it.';
/** Hint for files that are listed correctly but whose bytes were wrong in two readings. */
export const WRONG_BYTES_ADVICE = 'The Hub lists the right files but serves other bytes: report this to its support. Verify again later.';

const differs = (message: string, hint = CHANGED): SwpError => new SwpError('integrity', 'verify/differs', message, { hint });

/**
 * Reads a commit as any reader would and compares it with the sealed artifact: the provenance, its manifest, the size
 * and digest of every path, and samples of the bytes.
 *
 * @throws SwpError `verify/differs` with the first differences
 */
export const verifyPublished = async (
  hub: Hub,
  request: VerifyRequest,
  report: ReportProgress,
  signal: AbortSignal,
): Promise<VerifyReport> => {
  const { target, commit } = request;
  const record = { repo: target, commit, path: PROVENANCE_PATH, maxBytes: PROVENANCE_LIMIT };
  const wrongRecord = differs(`${target} at ${commit}: ${PROVENANCE_PATH} is not the one that was committed.`);
  const { value: bytes, isRight } = await readTwiceIfWrong(
    hub,
    wrongRecord,
    (from) => readSmallFile(from, record, { signal }),
    (read) => digestOfBytes(read) === request.provenanceDigest,
  );
  if (!isRight) throw wrongRecord;
  const manifest = manifestOf(parseProvenance(bytes));
  if (manifestDigest(manifest) !== request.manifestDigest)
    throw differs(`${target} at ${commit}: its manifest is ${manifestDigest(manifest)}, but SWP sealed ${request.manifestDigest}.`);
  const files = [...manifest.files, describeBytes(PROVENANCE_PATH, bytes)];
  const found = await verifyPaths(hub, target, commit, files, {
    signal,
    sample: sampleOf(request.manifestDigest, request.full === true),
    onProgress: report,
  });
  if (found.mismatches.length > 0) {
    const shown = found.mismatches.slice(0, SHOWN_MISMATCHES).map((mismatch) => `${mismatch.path}: ${mismatch.reason}`);
    throw differs(
      `${target} at ${commit}: ${found.mismatches.length} of ${files.length} files differ: ${shown.join('; ')}.`,
      found.mismatches.every(({ shownBy }) => shownBy === 'bytes') ? `Do not load this repository. ${WRONG_BYTES_ADVICE}` : CHANGED,
    );
  }
  const { readBack, wrongOnce } = found;
  return { files: files.length, readBack, ...(wrongOnce.length === 0 ? {} : { wrongOnce: wrongOnce.length }) };
};
