import { artifactsOf, probeRequestOf } from '../catalog/artifacts.js';
import type { EntrySnapshot } from '../catalog/snapshot.js';
import type { PlannedRound } from '../contract/publish-activities.js';
import type { ArtifactKind } from '../core/ids.js';
import { withToken } from '../hub/hub.js';
import type { ShownPlan } from '../plan/render/markdown.js';
import { HostLarql } from '../publish/facts/host-larql.js';
import { probeHost } from '../publish/facts/probe-host.js';
import { planEntry } from '../publish/planning/plan-entry.js';
import { swpTools } from '../publish/planning/tools.js';
import { capacityOf } from '../publish/scratch/capacity.js';
import { scratchIn } from '../publish/scratch/scratch-layout.js';
import { readSettings } from '../settings/settings.js';
import { hubOf } from './hub-of.js';

type PlannedHere = PlannedRound & { readonly shown: ShownPlan };

/** Returns the Hub of this machine, and a function that plans entries with its tokens, disk and larql, and starts nothing. */
export const plannerHere = (env: NodeJS.ProcessEnv, signal: AbortSignal) => {
  const settings = readSettings(env);
  const hub = hubOf(env);
  const layout = scratchIn(settings.scratch);
  const host = {
    host: 'this machine',
    writeHub: hub,
    uploadRate: settings.uploadRate,
    sourceHub: settings.sourceToken === null ? hub : withToken(hub, settings.sourceToken),
    targets: settings.targets,
    capacity: () => capacityOf(hub.machine.files, layout.root),
    larql: new HostLarql(hub.machine, env, layout, settings.larql),
  };
  const { proveShards, decideWithinMs, approvals } = settings;
  const deps = { hub, tools: swpTools(), proveShards, decideWithinMs, approvals };
  const plan = async (entry: EntrySnapshot, only: readonly ArtifactKind[] = []): Promise<PlannedHere> => {
    const facts = await probeHost(host, probeRequestOf(artifactsOf(entry.entry, only)), signal);
    return planEntry(deps, { entry, only, round: 1, host: facts, previous: [] }, signal);
  };
  return { hub, plan };
};
