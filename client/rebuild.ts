import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Examination } from '../publish/verify/examine-target.js';
import { HostLarql } from '../publish/facts/host-larql.js';
import { rebuildTarget } from '../publish/verify/rebuild/rebuild-target.js';
import type { Rebuild } from '../publish/verify/rebuild/result.js';
import { ScratchLayout } from '../publish/scratch/scratch-layout.js';
import { SwpError } from '../core/error.js';
import type { HubConfig } from '../hub/config.js';
import type { Provenance } from '../plan/provenance.js';
import { readSettings } from '../settings/settings.js';
import type { Context } from './context.js';
import { openProgressLine } from './output/progress-line.js';

/** Files that were just written may still be in the way for a moment. */
const DELETE = { recursive: true, force: true, maxRetries: 5, retryDelay: 100 } as const;

/** A fresh directory in the one that was named, or in the system's for temporary files. */
const makeScratch = async (given: string | undefined, { cwd }: Context): Promise<string> => {
  const parent = given === undefined ? tmpdir() : resolve(cwd, given);
  try {
    await mkdir(parent, { recursive: true });
    return await mkdtemp(join(parent, 'swp-rebuild-'));
  } catch (cause) {
    throw new SwpError('usage', 'client/scratch', `Nothing can be written to ${parent}.`, {
      cause,
      hint: 'Name another directory with --scratch.',
    });
  }
};

export interface Hubs {
  readonly hub: HubConfig;
  readonly sourceHub: HubConfig;
}

/** Builds what a target holds again on this machine; whatever happens, nothing of it stays. */
export const rebuildHere = async (
  { hub, sourceHub }: Hubs,
  { examination, provenance }: { readonly examination: Examination; readonly provenance: Provenance },
  scratch: string | undefined,
  context: Context,
): Promise<Rebuild> => {
  const { out, env, signal } = context;
  const settings = readSettings(env);
  const directory = await makeScratch(scratch, context);
  const { tell, end } = openProgressLine(out, examination.target);
  try {
    out.note(`Building ${examination.target} again in ${directory}.`);
    const layout = new ScratchLayout(directory);
    const larql = new HostLarql(env, layout, settings.larql);
    const { proveShards } = settings;
    return await rebuildTarget({ hub, sourceHub, layout, larql, proveShards }, { examination, provenance, report: tell, signal });
  } finally {
    end();
    await rm(directory, DELETE);
  }
};
