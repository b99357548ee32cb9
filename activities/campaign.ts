import { setTimeout as delay } from 'node:timers/promises';
import pMap from 'p-map';
import { artifactsOf } from '../catalog/artifacts.js';
import type { CatalogEntry, ReadCatalog } from '../catalog/load.js';
import { nearestName } from '../core/nearest.js';
import { catalogError } from '../catalog/problem.js';
import { snapshotOf, type EntrySnapshot } from '../catalog/snapshot.js';
import { SwpError, messageOf } from '../core/error.js';
import type { ArtifactKind } from '../core/ids.js';
import { sanitizeLine } from '../core/text.js';
import { campaignDigest } from '../plan/campaign/campaign-digest.js';
import { MAX_REASON, plainRow, rowOf, type CampaignRow } from '../plan/campaign/campaign-row.js';
import { volatileChecks } from '../plan/volatile-checks.js';
import type {
  CampaignActivities,
  CampaignBatch,
  CampaignPublish,
  CampaignSelection,
  StartRequest,
} from '../contract/campaign-activities.js';
import { cardChecks } from '../publish/planning/card-checks.js';
import { withRetryReporting, withHeartbeat } from './heartbeat.js';
import type { ReportProgress } from '../publish/progress.js';
import type { ArtifactPlanDeps } from '../publish/planning/plan-artifact.js';
import { planArtifacts } from '../publish/planning/plan-entry.js';
import type { PublishClient } from '../temporal/campaign-publishes.js';
import { isProbablyUnchanged } from '../publish/planning/probably-unchanged.js';

export interface CampaignDeps extends ArtifactPlanDeps {
  /** The catalog as it is now. */
  readonly catalog: () => Promise<Pick<ReadCatalog, 'validEntries' | 'problems'>>;
  readonly publishes: PublishClient;
}

/** Items of a batch that are processed concurrently: entries to plan, and publishes to start or to decide. */
const CONCURRENCY = 4;
/** Limit of entries in one campaign: the workflow's history stores their names and rows. */
const MOST_ENTRIES = 5_000;
/** Poll intervals for followed publishes: the shortest after a change, then doubled up to the longest. */
const MIN_POLL_MS = 500;
const MAX_POLL_MS = 15_000;

/** Processes each item of a batch, and reports how many are done. */
const mapBatch = <T, R>(
  items: readonly T[],
  noun: string,
  { signal, report }: { readonly signal: AbortSignal; readonly report: ReportProgress },
  run: (item: T) => Promise<R>,
): Promise<R[]> => {
  let done = 0;
  return pMap(
    items,
    async (item) => {
      const result = await run(item);
      done += 1;
      report({ note: `${done} of ${items.length} ${noun}` });
      return result;
    },
    { concurrency: CONCURRENCY, signal },
  );
};

/** Limit of tiers that a message names. */
const SHOWN_TIERS = 20;

const nothingSelected = (select: CampaignSelection, only: readonly ArtifactKind[], entries: readonly CatalogEntry[]): SwpError => {
  const wanted = 'tier' in select ? select.tier : null;
  const tiers = [...new Set(entries.map(({ entry }) => entry.tier))].toSorted();
  const near = wanted === null ? undefined : nearestName(wanted, tiers);
  const suggestion = near === undefined ? '' : ` Did you mean ${near}?`;
  const messageFor = (): string => {
    if (tiers.length === 0) return 'The catalog has no entries.';
    if (wanted !== null && !tiers.includes(wanted))
      return `No entry has the tier ${wanted}; the tiers are ${tiers.slice(0, SHOWN_TIERS).join(', ')}.${suggestion}`;
    return `No entry${wanted === null ? '' : ` of the tier ${wanted}`} has a ${only.join(' or ')} artifact.`;
  };
  return new SwpError('invalid', 'campaign/nothing-selected', messageFor(), {
    hint: 'A campaign uses the catalog of the control worker (SWP_CATALOG there).',
  });
};

const isSelected = ({ entry }: CatalogEntry, select: CampaignSelection): boolean => !('tier' in select) || entry.tier === select.tier;

/** Creates the steps of a campaign. None of them writes to the Hub: publishes do, once they are approved. */
export const createCampaignActivities = (deps: CampaignDeps): CampaignActivities => {
  /** Reads the catalog once per step: parsing a catalog of a thousand entries takes as long as planning one entry. */
  const readSnapshots = async (): Promise<(name: string) => EntrySnapshot | null> => {
    const { validEntries } = await deps.catalog();
    return (name) => {
      const found = validEntries.get(name);
      return found === undefined ? null : snapshotOf(found);
    };
  };

  const planOne = async (
    planDeps: ArtifactPlanDeps,
    name: string,
    entry: EntrySnapshot | null,
    { only, changedOnly, host }: CampaignBatch,
    signal: AbortSignal,
  ): Promise<CampaignRow> => {
    if (entry === null) return plainRow(name, 'blocked', 'The catalog no longer has this entry.');
    try {
      if (changedOnly && (await isProbablyUnchanged(planDeps.hub, entry, only, signal))) return plainRow(name, 'unchanged', null);
      const { digest, artifacts } = await planArtifacts(planDeps, { entry, only, round: 1, host, previous: [] }, signal);
      const volatile = [...volatileChecks(artifacts, host), ...(await cardChecks(planDeps.hub, artifacts, signal))];
      return rowOf(name, digest, artifacts, volatile);
    } catch (error) {
      // A Hub that does not answer for this entry after all retries may still answer for the others.
      if (error instanceof SwpError && error.code !== 'hub/unauthorized') return plainRow(name, 'blocked', messageOf(error));
      throw error;
    }
  };

  return {
    selectEntries: ({ select, only }) =>
      withHeartbeat('reading the catalog', async () => {
        const { validEntries, problems } = await deps.catalog();
        const chosen = [...validEntries.values()].filter((entry) => isSelected(entry, select) && artifactsOf(entry.entry, only).length > 0);
        if (validEntries.size === 0 && problems.length > 0) throw catalogError(problems);
        if (chosen.length === 0) throw nothingSelected(select, only, [...validEntries.values()]);
        if (chosen.length > MOST_ENTRIES)
          throw new SwpError(
            'invalid',
            'campaign/too-many',
            `${chosen.length} entries are selected; one campaign takes at most ${MOST_ENTRIES}.`,
          );
        return {
          entries: chosen.map(({ name }) => name).toSorted(),
          larql: chosen.some((entry) => artifactsOf(entry.entry, only).some(({ kind }) => kind === 'vindex')),
          mistakes: problems.length,
        };
      }),

    planCampaignBatch: (batch) =>
      withHeartbeat('planning', async (signal, report) => {
        const snapshot = await readSnapshots();
        const planDeps = { ...deps, hub: withRetryReporting(deps.hub, report) };
        return mapBatch(batch.entries, 'entries', { signal, report }, (name) => planOne(planDeps, name, snapshot(name), batch, signal));
      }),

    digestCampaign: (items) => Promise.resolve(campaignDigest(items)),

    startPublishes: ({ entries, ...options }) =>
      withHeartbeat('starting publishes', async (signal, report) => {
        const snapshot = await readSnapshots();
        return mapBatch(entries, 'publishes', { signal, report }, (name) =>
          attemptStart(deps.publishes, name, snapshot(name), options, signal),
        );
      }),

    followPublishes: ({ publishes, forMs }) =>
      withHeartbeat('following publishes', async (signal, report) => {
        const until = Date.now() + forMs;
        let seen = '';
        for (let wait = MIN_POLL_MS; ; wait = Math.min(wait * 2, MAX_POLL_MS)) {
          const now = await deps.publishes.follow(publishes);
          const ended = now.filter((one) => one.ended).length;
          report({ note: `${ended} of ${publishes.length} publishes have ended` });
          if (ended === publishes.length || Date.now() >= until) return now;
          const stages = now.map(({ stage }) => stage).join();
          if (stages !== seen) wait = MIN_POLL_MS;
          seen = stages;
          await delay(Math.min(wait, Math.max(0, until - Date.now())), undefined, { signal });
        }
      }),

    decidePublishes: ({ publishes, ...decision }) =>
      withHeartbeat('deciding', (signal, report) =>
        mapBatch(publishes, 'publishes', { signal, report }, async (publish) => ({
          entry: publish.entry,
          ...(await deps.publishes.decide(publish, decision, signal)),
        })),
      ),
  };
};

/** Starts one publish. A failure to start it does not stop the others. */
const attemptStart = async (
  publishes: PublishClient,
  name: string,
  entry: EntrySnapshot | null,
  options: Omit<StartRequest, 'entries'>,
  signal: AbortSignal,
): Promise<CampaignPublish> => {
  if (entry === null) return { entry: name, run: null, reason: 'The catalog no longer has this entry.' };
  try {
    return { entry: name, run: await publishes.start(entry, options, signal), reason: null };
  } catch (error) {
    if (error instanceof SwpError && !error.transient)
      return { entry: name, run: null, reason: sanitizeLine(messageOf(error), MAX_REASON) };
    throw error;
  }
};
