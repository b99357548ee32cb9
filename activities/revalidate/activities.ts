import { Context } from '@temporalio/activity';
import { z } from 'zod';
import { batchesOf, fleetOf, type FleetTarget } from '../../catalog/fleet.js';
import type { CatalogEntry, ReadCatalog } from '../../catalog/load.js';
import { problemText } from '../../catalog/problem.js';
import { EntrySnapshot } from '../../catalog/snapshot.js';
import { SwpError, messageOf } from '../../core/error.js';
import { repoKey, type Digest } from '../../core/ids.js';
import type { HubConfig } from '../../hub/config.js';
import { chainFindings, repairDigest, repairsOf } from '../../plan/findings/digest.js';
import type { Repair } from '../../plan/findings/repair.js';
import { finding, type FleetFinding } from '../../plan/findings/finding.js';
import { tableOf } from '../../plan/findings/table.js';
import type { RepairReport, RevalidateActivities } from './api.js';
import { tellingRetries, withHeartbeat } from '../heartbeat.js';
import { checkTargets } from './check-targets.js';
import { readBackTargets, type ReadSoFar } from './read-back.js';

export interface RevalidateDeps {
  /** With a read token. */
  readonly hub: HubConfig;
  /** The catalog as it is now. */
  readonly catalog: () => Promise<Pick<ReadCatalog, 'sound' | 'problems'>>;
  /** Accounts whose commits are expected; null: anybody's. */
  readonly publishers: readonly string[] | null;
  /** Starts a publish that waits for approval, unless one was answered for the same findings. */
  readonly startRepair: (entry: EntrySnapshot, findings: Digest) => Promise<Omit<RepairReport, 'entry'>>;
}

/** Their names lie in one history event. */
const MOST_TARGETS = 20_000;

/** What an attempt before this one told with its last heartbeat; from it nothing is lost, and little is read again. */
const Resumed = z.object({
  resume: z.object({
    targets: z.array(z.string()),
    files: z.int().nonnegative(),
    bytes: z.number().nonnegative(),
    findings: z.array(z.custom<FleetFinding>((value) => z.object({ code: z.string(), message: z.string() }).safeParse(value).success)),
  }),
});

const NOTHING_READ: ReadSoFar = { targets: [], files: 0, bytes: 0, findings: [] };

const resumed = (): ReadSoFar => Resumed.safeParse(Context.current().info.heartbeatDetails).data?.resume ?? NOTHING_READ;

/** The activities of re-validation. They are given no client that could write to the Hub. */
export const createRevalidateActivities = (deps: RevalidateDeps): RevalidateActivities => {
  const { hub, publishers } = deps;
  const fleet = async (): Promise<FleetTarget[]> => fleetOf((await deps.catalog()).sound.values());

  /** A target that is in the catalog no more has nothing to be held to. */
  const pick = async (wanted: readonly string[]): Promise<FleetTarget[]> => {
    const keys = new Set(wanted.map(repoKey));
    return (await fleet()).filter(({ target }) => keys.has(repoKey(target)));
  };

  const repair = async (wanted: Repair, found: Pick<CatalogEntry, 'name' | 'entry'> | undefined): Promise<RepairReport> => {
    if (found === undefined) return { entry: wanted.entry, outcome: 'refused', reason: 'the catalog has this entry no more' };
    try {
      return {
        entry: wanted.entry,
        ...(await deps.startRepair(EntrySnapshot.parse({ name: found.name, entry: found.entry }), repairDigest(wanted))),
      };
    } catch (error) {
      if (error instanceof SwpError && !error.transient) return { entry: wanted.entry, outcome: 'refused', reason: messageOf(error) };
      throw error;
    }
  };

  return {
    listFleet: ({ batch }) =>
      withHeartbeat('reading the catalog', async () => {
        const { sound, problems } = await deps.catalog();
        const targets = fleetOf(sound.values());
        if (targets.length > MOST_TARGETS)
          throw new SwpError(
            'invalid',
            'revalidate/too-many',
            `The catalog has ${targets.length} targets; one run checks at most ${MOST_TARGETS}.`,
          );
        const found = problems.map((problem) => ({ entry: null, target: null, ...finding('catalog-invalid', problemText(problem)) }));
        return {
          batches: batchesOf(targets, batch).map((group) => group.map(({ target }) => target)),
          targets: targets.length,
          findings: tableOf(found, chainFindings(null, found)),
        };
      }),

    checkTargets: (request) =>
      withHeartbeat('checking targets', async (signal, report) => {
        const targets = await pick(request.targets);
        const onDone = (done: number): void => report({ note: `${done} of ${targets.length} targets` });
        const findings = await checkTargets(tellingRetries(hub, report), targets, { publishers, onDone }, signal);
        return { findings: tableOf(findings, chainFindings(request.before, findings)), repairs: repairsOf(findings) };
      }),

    readBackTargets: ({ targets: wanted, before, weeks, week }) =>
      withHeartbeat('reading back', async (signal, report) => {
        let read = resumed();
        const options = {
          weeks,
          week,
          publishers,
          from: read,
          onDone: (now: ReadSoFar) => {
            read = now;
            report({ resume: read });
          },
          onProgress: (progress: { readonly file: string; readonly doneBytes: number; readonly totalBytes: number }) =>
            report({ ...progress, resume: read }),
        };
        const { files, bytes, findings } = await readBackTargets(tellingRetries(hub, report), await pick(wanted), options, signal);
        return { findings: tableOf(findings, chainFindings(before, findings)), files, bytes };
      }),

    startRepairs: (repairs) =>
      withHeartbeat('starting publishes', async () => {
        const { sound } = await deps.catalog();
        const reports: RepairReport[] = [];
        for (const wanted of repairs) reports.push(await repair(wanted, sound.get(wanted.entry)));
        return reports;
      }),
  };
};
