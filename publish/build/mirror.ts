import { Readable } from 'node:stream';
import { SwpError } from '../../core/error.js';
import type { Hub } from '../../hub/hub.js';
import { openFile } from '../../hub/read/range.js';
import { copyOnServer } from '../../hub/write/copy-lfs.js';
import type { UploadFile } from '../../hub/write/upload.js';
import type { ArtifactPlan, MirroredFile, PayloadPlan } from '../../plan/artifact-plan.js';
import { digestOf, sha256Of } from '../../core/digests.js';
import type { SourceFacts } from '../../plan/facts.js';
import { describeLarge, sampleRanges, type ManifestFile, type Sample } from '../../plan/manifest.js';
import { isMirrored, visionRecipe } from '../../plan/plan-vision.js';
import { DoubleRead } from './double-read.js';
import { readPlannedSource } from '../facts/read-source.js';
import type { Payload } from '../seal/seal.js';

const listedAs = (file: MirroredFile, source: SourceFacts): boolean => {
  const found = source.files.find(({ path }) => path === file.path);
  if (found === undefined || found.size !== file.size) return false;
  return file.lfs ? found.lfs === file.sha256 : found.lfs === null && found.gitBlob === file.gitBlob;
};

interface Mirrored {
  readonly source: SourceFacts;
  readonly files: readonly ManifestFile[];
}

/**
 * Returns the mirrored files of a plan. Checks that the plan lists all of them and that the pinned source still lists
 * exactly these files.
 *
 * @throws SwpError `build/recipe-differs`, `build/source-gone`
 */
export const listMirrored = async (hub: Hub, plan: PayloadPlan, signal: AbortSignal): Promise<Mirrored> => {
  const mirrored = plan.mirrored ?? [];
  const source = await readPlannedSource(hub, plan, signal);
  const listed = source.files.filter(({ path }) => isMirrored(path));
  const mismatch = mirrored.find((file) => !listedAs(file, source));
  const detail = mismatch === undefined ? '' : `: ${mismatch.path} differs`;
  if (digestOf(visionRecipe(source, mirrored)) !== plan.recipeDigest || listed.length !== mirrored.length || mismatch !== undefined)
    throw new SwpError('integrity', 'build/recipe-differs', `${source.repo} at ${source.commit} does not list the planned files${detail}.`);
  return { source, files: mirrored.map(({ lfs: _lfs, ...file }) => file) };
};

/**
 * Returns the payload of a mirror. Nothing is built, and no bytes are stored in scratch. Samples of large files are
 * read from the source twice, since ranges carry no digest. Verification later compares the target's bytes with these
 * samples.
 *
 * @throws SwpError `mirror/source-differs`, and the errors of {@link listMirrored}
 */
export const mirrorPayload = async (hub: Hub, plan: PayloadPlan, signal: AbortSignal): Promise<Payload> => {
  const { source, files } = await listMirrored(hub, plan, signal);
  const reading = new DoubleRead(hub, source, 'mirror/source-differs');
  const sample = async ({ path, size, sha256 }: ManifestFile): Promise<ManifestFile> => {
    const samples: Sample[] = [];
    for (const range of sampleRanges(size, sha256))
      samples.push({ ...range, sha256: sha256Of(await reading.read({ ...range, file: path, what: 'a sample' }, signal)) });
    return describeLarge(path, size, sha256, samples);
  };
  try {
    const described: ManifestFile[] = [];
    for (const file of files) described.push(file.gitBlob === undefined ? await sample(file) : file);
    return { files: described, blocks: new Map(), environment: null };
  } finally {
    reading.close();
  }
};

/**
 * Gives read errors of the source their own code, to separate them from errors of the target: parts already sent stay
 * valid.
 */
async function* fromSource(file: string, bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* bytes;
  } catch (error) {
    if (!(error instanceof SwpError) || error.kind === 'integrity') throw error;
    const { kind, hint, retryAfterMs } = error;
    throw new SwpError(kind, 'mirror/source-unreadable', `${file} cannot be read: ${error.message}`, {
      cause: error.cause,
      ...(hint === undefined ? {} : { hint }),
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    });
  }
}

/** Returns a source file as an upload. Its bytes are streamed through memory and never stored on disk. */
export const mirroredUpload = (hub: Hub, plan: ArtifactPlan, path: string, signal: AbortSignal): UploadFile => {
  const file = plan.mirrored?.find((found) => found.path === path);
  if (file === undefined || plan.source === null)
    throw new SwpError('internal', 'mirror/not-planned', `The plan for ${plan.target.repo} mirrors no ${path}.`);
  const { repo, commit } = plan.source;
  const { size, sha256, lfs } = file;
  const reader = openFile(hub, { repo, commit, path, size, lfs: lfs ? sha256 : null });
  return {
    path,
    size,
    sha256,
    readOnce: true,
    open: (begin, end) => Readable.from(fromSource(`${repo}: ${path}`, reader.read(begin, end, signal)), { objectMode: false }),
  };
};

/**
 * Requests server-side copies of the source's LFS objects; the upload sends the rest. Uses the write token, since this
 * writes to the target.
 */
export const copyMirrored = async (
  { writeHub, sourceHub }: { readonly writeHub: Hub; readonly sourceHub: Hub },
  plan: ArtifactPlan,
  signal: AbortSignal,
): Promise<void> => {
  const source = await readPlannedSource(sourceHub, plan, signal);
  const files = source.files.flatMap(({ path, lfs, xetHash }) =>
    isMirrored(path) && lfs !== null && xetHash !== undefined ? [{ path, sha256: lfs, xetHash }] : [],
  );
  await copyOnServer(writeHub, { source: source.repo, target: plan.target.repo, files }, { signal });
};
