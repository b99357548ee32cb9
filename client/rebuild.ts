import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Examination } from '../publish/verify/examine-target.js';
import { HostLarql } from '../publish/facts/host-larql.js';
import { rebuildTarget } from '../publish/verify/rebuild/rebuild-target.js';
import type { Rebuild } from '../publish/verify/rebuild/result.js';
import { ScratchLayout } from '../publish/scratch/scratch-layout.js';
import { SwpError } from '../core/error.js';
import type { Hub } from '../hub/hub.js';
import type { Provenance } from '../plan/provenance.js';
import { readSettings } from '../settings/settings.js';
import type { Context } from './context.js';
import { openProgressLine } from './output/progress-line.js';

/** Retries the deletion, which can fail for a moment while files are still being written. */
const DELETE = { recursive: true, force: true, maxRetries: 5, retryDelay: 100 } as const;

/** Creates a new directory in the given one, or in the system's directory for temporary files. */
const makeScratch = async (given: string | undefined, { cwd }: Context): Promise<string> => {
  const parent = given === undefined ? tmpdir() : resolve(cwd, given);
  try {
    await mkdir(parent, { recursive: true });
    return await mkdtemp(join(parent, 'swp-rebuild-'));
  } catch (cause) {
    throw new SwpError('usage', 'client/scratch', `The directory ${parent} is not writable.`, {
      cause,
      hint: 'Name another directory with --scratch.',
    });
  }
};

export interface Hubs {
  readonly hub: Hub;
  readonly sourceHub: Hub;
}

/** Rebuilds the contents of a target on this machine, and deletes the result in every case. */
export const rebuildHere = async (
  { hub, sourceHub }: Hubs,
  { examination, provenance }: { readonly examination: Examination; readonly provenance: Provenance },
  scratch: string | undefined,
  context: Context,
): Promise<Rebuild> => {
  const { out, env, signal } = context;
  const settings = readSettings(env);
  const directory = await makeScratch(scratch, context);
  const { update, end } = openProgressLine(out, examination.target);
  try {
    out.note(`Rebuilding ${examination.target} in ${directory}.`);
    const layout = new ScratchLayout(directory);
    const larql = new HostLarql(hub.machine, env, layout, settings.larql);
    const { proveShards } = settings;
    return await rebuildTarget({ hub, sourceHub, layout, larql, proveShards }, { examination, provenance, report: update, signal });
  } finally {
    end();
    await rm(directory, DELETE);
  }
};
