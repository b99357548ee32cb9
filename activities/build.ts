import { randomUUID } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { SwpError } from '../core/error.js';
import type { Digest } from '../core/ids.js';
import { headerSize, parseHeader } from '../formats/safetensors/header.js';
import type { HubConfig } from '../hub/config.js';
import type { ArtifactPlan } from '../plan/artifact-plan.js';
import { digestOf, gitBlobOf } from '../plan/canonical.js';
import { GIT_BLOB_LIMIT, ManifestFile } from '../plan/manifest.js';
import { mtpRecipe, MTP_PAYLOAD } from '../plan/plan-mtp.js';
import { readMtpSource } from './facts/mtp.js';
import { readSource } from './facts/source.js';
import { extractMtp, hashFile } from './mtp/extract.js';
import type { ScratchLayout } from './scratch/layout.js';
import { writeAtomic } from './scratch/write-atomic.js';

/** Written last into a build: the payload files with their digests. */
const RECORD = 'payload.json';
const Payload = z.strictObject({ recipe: z.string(), files: z.array(ManifestFile) });

export interface BuildDeps {
  readonly hub: HubConfig;
  readonly layout: ScratchLayout;
}

type Report = (progress: { readonly file: string; readonly doneBytes: number; readonly totalBytes: number }) => void;

const readRecord = async (directory: string): Promise<readonly ManifestFile[] | null> => {
  try {
    return Payload.parse(JSON.parse(await readFile(join(directory, RECORD), 'utf8'))).files;
  } catch {
    return null;
  }
};

/** A finished build is used again only when its bytes still are what its record says. */
const reuse = async (directory: string, signal: AbortSignal): Promise<readonly ManifestFile[] | null> => {
  const files = await readRecord(directory);
  if (files === null) return null;
  for (const file of files) {
    const path = join(directory, file.path);
    const found = await stat(path).catch(() => null);
    if (found?.size !== file.size || (await hashFile(path, signal)) !== file.sha256) return null;
  }
  return files;
};

/** Reads the written header back: the file must parse, and hold what was selected. */
const validate = async (path: string, tensors: number): Promise<void> => {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    const prefix = Buffer.alloc(8);
    await file.read(prefix, 0, 8, 0);
    const header = Buffer.alloc(headerSize(prefix, size));
    await file.read(header, 0, header.length, 8);
    const parsed = parseHeader(header, size);
    if (parsed.tensors.length !== tensors)
      throw new SwpError('integrity', 'build/invalid', `${MTP_PAYLOAD} holds ${parsed.tensors.length} tensors instead of ${tensors}.`);
  } finally {
    await file.close();
  }
};

/** The recipe's selection is derived again from the pinned source and must be the planned one. */
const selectAsPlanned = async (deps: BuildDeps, plan: ArtifactPlan, signal: AbortSignal) => {
  const { recipe } = plan;
  if (recipe === null) throw new SwpError('internal', 'build/no-recipe', `The plan for ${plan.target.repo} has no recipe.`);
  const source = await readSource(deps.hub, recipe.source.repo, recipe.source.commit, signal);
  if (source === null)
    throw new SwpError('not-found', 'build/source-gone', `${recipe.source.repo} at ${recipe.source.commit} is not there any more.`, {
      hint: 'Find out where it went, then retry; or abandon and change the entry.',
    });
  const selection = await readMtpSource(deps.hub, source, signal);
  const digest = digestOf(mtpRecipe(source, selection, recipe.names));
  if (digest !== plan.recipeDigest)
    throw new SwpError(
      'integrity',
      'build/recipe-differs',
      `From ${recipe.source.repo} at ${recipe.source.commit} comes recipe ${digest}; the plan has ${plan.recipeDigest}.`,
    );
  return { source, selection };
};

const sweepPartial = async (layout: ScratchLayout, recipe: Digest): Promise<void> => {
  const base = layout.build(recipe);
  const partial = (await readdir(layout.builds)).map((name) => join(layout.builds, name)).filter((path) => path.startsWith(`${base}.`));
  await Promise.all(partial.map((path) => rm(path, { recursive: true, force: true })));
};

/**
 * Builds the payload of an artifact into the directory of its recipe. It appears under that name only when
 * it is complete, so whatever a crash leaves behind is never taken for a result.
 */
export const buildPayload = async (
  deps: BuildDeps,
  plan: ArtifactPlan,
  report: Report,
  signal: AbortSignal,
): Promise<readonly ManifestFile[]> => {
  const recipe = plan.recipeDigest;
  if (recipe === null) throw new SwpError('internal', 'build/no-recipe', `The plan for ${plan.target.repo} has no recipe.`);
  const directory = deps.layout.build(recipe);
  const known = await reuse(directory, signal);
  if (known !== null) return known;
  const { source, selection } = await selectAsPlanned(deps, plan, signal);
  await mkdir(deps.layout.builds, { recursive: true, mode: 0o700 });
  await sweepPartial(deps.layout, recipe);
  const fresh = `${directory}.${randomUUID()}`;
  await mkdir(fresh, { mode: 0o700 });
  const path = join(fresh, MTP_PAYLOAD);
  const sha256 = await extractMtp({
    hub: deps.hub,
    source,
    selection,
    path,
    signal,
    onProgress: (doneBytes, totalBytes) => report({ file: MTP_PAYLOAD, doneBytes, totalBytes }),
  });
  await validate(path, selection.tensors.length);
  const { size } = selection.layout;
  const gitBlob = size <= GIT_BLOB_LIMIT ? { gitBlob: gitBlobOf(await readFile(path)) } : {};
  const files = [{ path: MTP_PAYLOAD, size, sha256, ...gitBlob }];
  await writeAtomic(join(fresh, RECORD), `${JSON.stringify({ recipe, files })}\n`);
  await rm(directory, { recursive: true, force: true });
  await rename(fresh, directory);
  return files;
};
