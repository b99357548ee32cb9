import type { EntryArtifact } from '../../catalog/artifacts.js';
import type { EntrySnapshot } from '../../catalog/snapshot.js';
import { SwpError, messageOf } from '../../core/error.js';
import { canWrite } from '../../hub/access.js';
import type { HubConfig } from '../../hub/config.js';
import type { ArtifactPlan } from '../../plan/artifact-plan.js';
import { blockedPlan } from '../../plan/blocked-plan.js';
import type { Check } from '../../plan/checks.js';
import type { HostFacts } from '../../plan/facts.js';
import { larqlOfPublish } from '../../plan/published-larql.js';
import { LARQL_PROGRAM } from '../../plan/plan-vindex.js';
import type { ReviewedArtifact, Unknown } from '../../plan/catalog-review.js';
import { isWork } from '../../plan/work.js';
import { cardChecks } from './card-checks.js';
import { readTarget } from '../facts/read-target.js';
import { errorCheck, planArtifact, sourceMissing, type ArtifactPlanDeps } from './plan-artifact.js';

const unknown = (code: string, message: string): Unknown => ({ code, message });

/** No host is asked: of what one would say, only its larql is part of a plan. */
const hostWith = (larql: HostFacts['larql']): HostFacts => ({
  host: 'none',
  availableDiskBytes: Number.MAX_SAFE_INTEGER,
  larql: larql ?? null,
  sources: [],
  targets: [],
});

interface AssumedHost {
  readonly host: HostFacts;
  readonly unknown: readonly Unknown[];
}

/** The high-memory host as the target's last publish tells of it. */
const assumeHost = async (hub: HubConfig, { entry }: EntrySnapshot, artifact: EntryArtifact, signal: AbortSignal): Promise<AssumedHost> => {
  if (artifact.kind !== 'vindex') return { host: hostWith(null), unknown: [] };
  const { lastPublish } = await readTarget(hub, artifact.target, signal);
  const { quant = 'q4k', slices: [slice] = ['full'] } = entry;
  const found = larqlOfPublish(lastPublish, { quant, slice });
  if ('problem' in found)
    return {
      host: hostWith(found),
      unknown: [unknown('larql', `Which larql the high-memory host has: ${found.problem}. Without one there is no plan.`)],
    };
  return {
    host: hostWith(found.facts),
    unknown: [
      unknown(
        'larql',
        `Whether the high-memory host still has larql ${found.facts.sha256.slice(0, 12)}, which made what is published: assumed.`,
      ),
    ],
  };
};

/** What nobody without a token can tell from being absent. */
const unseen = (hub: HubConfig, plan: ArtifactPlan): Unknown[] => {
  if (hub.token !== undefined) return [];
  const { target, collection, checks } = plan;
  const noCollection =
    (collection !== undefined && 'title' in collection) || checks.some(({ code, verdict }) => code === 'collection' && verdict === 'warn');
  return [
    ...(target.head === null
      ? [
          unknown(
            'target',
            `Whether ${target.repo} is there: without a token it looks absent or empty, as a private one does. Assumed: it is created.`,
          ),
        ]
      : []),
    ...(noCollection ? [unknown('collection', 'Whether the collection is there: without a token a private one is not seen.')] : []),
  ];
};

const writeAccess = async (hub: HubConfig, plan: ArtifactPlan, signal: AbortSignal): Promise<Unknown[]> => {
  const { repo } = plan.target;
  if (hub.token === undefined)
    return [unknown('write-access', `Whether the high-memory worker may write to ${repo}: there is no token here.`)];
  const { verdict, reason } = await canWrite(hub, repo, { signal });
  return verdict === 'yes'
    ? []
    : [unknown('write-access', `Whether the high-memory worker may write to ${repo}: the token here is another. ${reason}`)];
};

/** What can be found out beside a plan that would be carried out. */
const lookAround = async (
  hub: HubConfig,
  plan: ArtifactPlan,
  signal: AbortSignal,
): Promise<Pick<ReviewedArtifact, 'checks' | 'unknown'>> => {
  if (!isWork(plan)) return { checks: [], unknown: [] };
  return { checks: await cardChecks(hub, [plan], signal), unknown: await writeAccess(hub, plan, signal) };
};

/** What the person who reads a review can change is a check; what it takes another token or another time for is unknown. */
const stopOf = (error: unknown): { readonly check: Check } | { readonly unknown: Unknown } => {
  if (!(error instanceof SwpError)) throw error;
  if (error.transient) return { unknown: unknown('hub', `What the Hub holds: ${messageOf(error)}`) };
  if (error.kind === 'access') return { unknown: unknown('source-access', `What may not be read here: ${messageOf(error)}`) };
  return { check: errorCheck(error) };
};

/**
 * Plans one artifact as `--dry-run` does, where there is no high-memory host and perhaps no token. Nothing that the Hub
 * says or does not say is thrown on: it is a check, or unknown.
 */
export const reviewArtifact = async (
  deps: ArtifactPlanDeps,
  entry: EntrySnapshot,
  artifact: EntryArtifact,
  signal: AbortSignal,
): Promise<ReviewedArtifact> => {
  const { kind, target } = artifact;
  const { hub, tools } = deps;
  const stop = (check: Check): ReviewedArtifact => ({
    kind,
    target,
    plan: blockedPlan(kind, target, [check], tools),
    checks: [],
    unknown: [],
  });
  const without = (...reasons: readonly Unknown[]): ReviewedArtifact => ({ kind, target, plan: null, checks: [], unknown: reasons });
  try {
    const assumed = await assumeHost(hub, entry, artifact, signal);
    const plan = await planArtifact(deps, { entry, host: assumed.host }, artifact, signal);
    if (plan === null)
      return hub.token === undefined
        ? without(
            unknown('source', `What ${artifact.source} holds: without a token the Hub does not show it, so that it is absent or private.`),
          )
        : stop(sourceMissing(artifact));
    if (assumed.host.larql !== null && assumed.host.larql !== undefined && 'problem' in assumed.host.larql)
      return { ...without(...assumed.unknown), checks: plan.checks.filter(({ code }) => code !== LARQL_PROGRAM) };
    const around = await lookAround(hub, plan, signal);
    return { kind, target, plan, checks: around.checks, unknown: [...assumed.unknown, ...unseen(hub, plan), ...around.unknown] };
  } catch (error) {
    signal.throwIfAborted();
    const stopped = stopOf(error);
    return 'check' in stopped ? stop(stopped.check) : without(stopped.unknown);
  }
};
