import { Context } from '@temporalio/activity';
import { z } from 'zod';
import { batchesOf, fleetOf, type FleetTarget } from '../catalog/fleet.js';
import type { CatalogEntry, ReadCatalog } from '../catalog/load.js';
import { snapshotOf, type EntrySnapshot } from '../catalog/snapshot.js';
import { SwpError, messageOf } from '../core/error.js';
import { repoKey, type Digest } from '../core/ids.js';
import type { Hub } from '../hub/hub.js';
import { repairDigest, repairsOf, tableAfter } from '../plan/findings/finding-digests.js';
import type { Repair, RepairReport } from '../plan/findings/repair.js';
import { catalogFindings, type FleetFinding } from '../plan/findings/finding.js';
import type { RevalidateActivities } from '../contract/revalidate-activities.js';
import { withRetryReporting, withHeartbeat } from './heartbeat.js';
import { checkTargets } from '../publish/verify/fleet/check-targets.js';
import { readBackTargets, type ReadBackState } from '../publish/verify/fleet/read-back-targets.js';

export interface RevalidateDeps {
  /** Has a read token. */
  readonly hub: Hub;
  /** The catalog as it is now. */
  readonly catalog: () => Promise<Pick<ReadCatalog, 'validEntries' | 'problems'>>;
  /** Accounts whose commits are expected; null: any account's. */
  readonly publishers: readonly string[] | null;
  /** Starts a publish that waits for approval, unless an earlier one for the same findings was answered. */
  readonly startRepair: (entry: EntrySnapshot, findings: Digest) => Promise<Omit<RepairReport, 'entry'>>;
}

/** Limit of targets in one run: one history event holds all their names. */
const MOST_TARGETS = 20_000;

/**
 * Details of the last heartbeat of an earlier attempt. A new attempt continues from them: it loses nothing and reads
 * little again.
 */
const Resumed = z.object({
  resume: z.object({
    targets: z.array(z.string()),
    files: z.int().nonnegative(),
    bytes: z.number().nonnegative(),
    ofBytes: z.number().nonnegative(),
    findings: z.array(z.custom<FleetFinding>((value) => z.object({ code: z.string(), message: z.string() }).safeParse(value).success)),
  }),
});

const NOTHING_READ: ReadBackState = { targets: [], files: 0, bytes: 0, ofBytes: 0, findings: [] };

const resumed = (): ReadBackState => Resumed.safeParse(Context.current().info.heartbeatDetails).data?.resume ?? NOTHING_READ;

/** Creates the activities of re-validation. They get no client that could write to the Hub. */
export const createRevalidateActivities = (deps: RevalidateDeps): RevalidateActivities => {
  const { hub, publishers } = deps;
  /** Returns the targets that are still in the catalog: without an entry there is nothing to compare a target with. */
  const findTargets = async (wanted: readonly string[]): Promise<FleetTarget[]> => {
    const keys = new Set(wanted.map(repoKey));
    return fleetOf((await deps.catalog()).validEntries.values()).filter(({ target }) => keys.has(repoKey(target)));
  };

  const repair = async (wanted: Repair, found: Pick<CatalogEntry, 'name' | 'entry'> | undefined): Promise<RepairReport> => {
    if (found === undefined) return { entry: wanted.entry, outcome: 'refused', reason: 'the catalog no longer has this entry' };
    try {
      return {
        entry: wanted.entry,
        ...(await deps.startRepair(snapshotOf(found), repairDigest(wanted))),
      };
    } catch (error) {
      if (error instanceof SwpError && !error.transient) return { entry: wanted.entry, outcome: 'refused', reason: messageOf(error) };
      throw error;
    }
  };

  return {
    listFleet: ({ batch }) =>
      withHeartbeat('reading the catalog', async () => {
        const { validEntries, problems } = await deps.catalog();
        const targets = fleetOf(validEntries.values());
        if (targets.length > MOST_TARGETS)
          throw new SwpError(
            'invalid',
            'revalidate/too-many',
            `The catalog has ${targets.length} targets; one run checks at most ${MOST_TARGETS}.`,
          );
        return {
          batches: batchesOf(targets, batch).map((group) => group.map(({ target }) => target)),
          targets: targets.length,
          findings: tableAfter(null, catalogFindings(problems)),
        };
      }),

    checkTargets: (request) =>
      withHeartbeat('checking targets', async (signal, report) => {
        const targets = await findTargets(request.targets);
        const onDone = (done: number): void => report({ note: `${done} of ${targets.length} targets` });
        const findings = await checkTargets(withRetryReporting(hub, report), targets, { publishers, onDone }, signal);
        return { findings: tableAfter(request.before, findings), repairs: repairsOf(findings) };
      }),

    readBackTargets: ({ targets: wanted, before, weeks, week }) =>
      withHeartbeat('reading back', async (signal, report) => {
        let read = resumed();
        const options = {
          weeks,
          week,
          publishers,
          from: read,
          onDone: (now: ReadBackState) => {
            read = now;
            report({ resume: read });
          },
          onProgress: (progress: { readonly file: string; readonly doneBytes: number; readonly totalBytes: number }) =>
            report({ ...progress, resume: read }),
        };
        const { files, bytes, ofBytes, findings } = await readBackTargets(
          withRetryReporting(hub, report),
          await findTargets(wanted),
          options,
          signal,
        );
        return { findings: tableAfter(before, findings), files, bytes, ofBytes };
      }),

    startRepairs: (repairs) =>
      withHeartbeat('starting publishes', async () => {
        const { validEntries } = await deps.catalog();
        const reports: RepairReport[] = [];
        for (const wanted of repairs) reports.push(await repair(wanted, validEntries.get(wanted.entry)));
        return reports;
      }),
  };
};
