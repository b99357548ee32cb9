import { SwpError } from '../core/error.js';
import type { Digest } from '../core/ids.js';
import type { HubConfig } from '../hub/config.js';
import { readSmallFile } from '../hub/read/file.js';
import { verifyPaths, type ReadBack } from '../hub/verify.js';
import { sha256Of } from '../plan/canonical.js';
import { describeBytes, manifestDigest } from '../plan/manifest.js';
import { manifestOf, parseProvenance, PROVENANCE_LIMIT, PROVENANCE_PATH } from '../plan/provenance.js';
import type { VerifyReport, VerifyRequest } from './api.js';
import type { Report } from './heartbeat.js';

const SHOWN_MISMATCHES = 5;
/** Of files without samples so many bytes are read back of every publish. */
const SAMPLE_BYTES = 64 * 1024 * 1024;

/** What is read back of a target with this manifest: all of it, or the same bytes each time. */
export const sampleOf = (manifest: Digest, full: boolean): ReadBack => (full ? 'full' : { maxBytes: SAMPLE_BYTES, seed: manifest });

const differs = (message: string): SwpError =>
  new SwpError('integrity', 'verify/differs', message, {
    hint: 'Do not load this repository. Find out who wrote to it; a new publish repairs it.',
  });

/**
 * Reads a commit as any reader would and compares it with what was sealed: provenance, the manifest that it
 * speaks of, every path's size and digest, and samples of the bytes.
 *
 * @throws SwpError `verify/differs` with the first differences
 */
export const verifyPublished = async (
  hub: HubConfig,
  request: VerifyRequest,
  report: Report,
  signal: AbortSignal,
): Promise<VerifyReport> => {
  const { target, commit } = request;
  const bytes = await readSmallFile(hub, { repo: target, commit, path: PROVENANCE_PATH, maxBytes: PROVENANCE_LIMIT }, { signal });
  if (`sha256:${sha256Of(bytes)}` !== request.provenanceDigest)
    throw differs(`${target} at ${commit}: ${PROVENANCE_PATH} is not the one that was committed.`);
  const manifest = manifestOf(parseProvenance(bytes));
  if (manifestDigest(manifest) !== request.manifestDigest)
    throw differs(`${target} at ${commit}: its manifest is ${manifestDigest(manifest)}, sealed was ${request.manifestDigest}.`);
  const files = [...manifest.files, describeBytes(PROVENANCE_PATH, bytes)];
  const found = await verifyPaths(hub, target, commit, files, {
    signal,
    sample: sampleOf(request.manifestDigest, request.full === true),
    onProgress: report,
  });
  if (found.mismatches.length > 0) {
    const shown = found.mismatches.slice(0, SHOWN_MISMATCHES).map((mismatch) => `${mismatch.path}: ${mismatch.reason}`);
    throw differs(`${target} at ${commit}: ${found.mismatches.length} of ${files.length} files differ: ${shown.join('; ')}.`);
  }
  return { files: files.length, readBack: found.readBack };
};
