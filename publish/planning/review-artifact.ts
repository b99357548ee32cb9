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

/** Returns facts of an assumed host. No host is probed: of all host facts, only the larql is part of a plan. */
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

/** Returns the assumed high-memory host, with the larql of the target's last publish. */
const assumeHost = async (hub: HubConfig, { entry }: EntrySnapshot, artifact: EntryArtifact, signal: AbortSignal): Promise<AssumedHost> => {
  if (artifact.kind !== 'vindex') return { host: hostWith(null), unknown: [] };
  const { lastPublish } = await readTarget(hub, artifact.target, signal);
  const { quant = 'q4k', slices: [slice] = ['full'] } = entry;
  const found = larqlOfPublish(lastPublish, { quant, slice });
  if ('problem' in found)
    return {
      host: hostWith(found),
      unknown: [unknown('larql', `The larql of the high-memory host is unknown here, and there is no plan without it: ${found.problem}.`)],
    };
  return {
    host: hostWith(found.facts),
    unknown: [
      unknown(
        'larql',
        `SWP assumes that the high-memory host still has larql ${found.facts.sha256.slice(0, 12)}, which made the published vindex.`,
      ),
    ],
  };
};

/** Returns the facts that are unknown without a token: private repositories and collections look absent. */
const unknownWithoutToken = (hub: HubConfig, plan: ArtifactPlan): Unknown[] => {
  if (hub.token !== undefined) return [];
  const { target, collection, checks } = plan;
  const noCollection =
    (collection !== undefined && 'title' in collection) || checks.some(({ code, verdict }) => code === 'collection' && verdict === 'warn');
  return [
    ...(target.head === null
      ? [
          unknown(
            'target',
            `SWP assumes that ${target.repo} does not exist yet: without a token, a private repository looks absent or empty.`,
          ),
        ]
      : []),
    ...(noCollection ? [unknown('collection', 'The collection may exist: without a token, a private collection is not visible.')] : []),
  ];
};

const writeAccess = async (hub: HubConfig, plan: ArtifactPlan, signal: AbortSignal): Promise<Unknown[]> => {
  const { repo } = plan.target;
  if (hub.token === undefined)
    return [unknown('write-access', `Write access of the high-memory worker to ${repo} is not checked: there is no token here.`)];
  const { verdict, reason } = await canWrite(hub, repo, { signal });
  return verdict === 'yes'
    ? []
    : [
        unknown(
          'write-access',
          `Write access of the high-memory worker to ${repo} is not checked: the token here is a different one. ${reason}`,
        ),
      ];
};

/** Runs the checks beside a plan that has work to do: the card, and write access. */
const checkWork = async (
  hub: HubConfig,
  plan: ArtifactPlan,
  signal: AbortSignal,
): Promise<Pick<ReviewedArtifact, 'checks' | 'unknown'>> => {
  if (!isWork(plan)) return { checks: [], unknown: [] };
  return { checks: await cardChecks(hub, [plan], signal), unknown: await writeAccess(hub, plan, signal) };
};

/**
 * Returns an error that the reader of a review can fix as a check. An error that needs another token or a later time is
 * unknown.
 */
const classifyError = (error: unknown): { readonly check: Check } | { readonly unknown: Unknown } => {
  if (!(error instanceof SwpError)) throw error;
  if (error.transient) return { unknown: unknown('hub', `The Hub did not answer: ${messageOf(error)}`) };
  if (error.kind === 'access') return { unknown: unknown('source-access', `The token here has no access: ${messageOf(error)}`) };
  return { check: errorCheck(error) };
};

/**
 * Plans one artifact as `--dry-run` does, without a high-memory host and possibly without a token. Does not rethrow
 * errors of the Hub: each one becomes a check or an unknown.
 */
export const reviewArtifact = async (
  deps: ArtifactPlanDeps,
  entry: EntrySnapshot,
  artifact: EntryArtifact,
  signal: AbortSignal,
): Promise<ReviewedArtifact> => {
  const { kind, target } = artifact;
  const { hub, tools } = deps;
  const block = (check: Check): ReviewedArtifact => ({
    kind,
    target,
    plan: blockedPlan(kind, target, [check], tools),
    checks: [],
    unknown: [],
  });
  const unplanned = (...reasons: readonly Unknown[]): ReviewedArtifact => ({ kind, target, plan: null, checks: [], unknown: reasons });
  try {
    const assumed = await assumeHost(hub, entry, artifact, signal);
    const plan = await planArtifact(deps, { entry, host: assumed.host }, artifact, signal);
    if (plan === null)
      return hub.token === undefined
        ? unplanned(unknown('source', `The Hub does not show ${artifact.source} without a token: it is absent or private.`))
        : block(sourceMissing(artifact));
    if (assumed.host.larql !== null && assumed.host.larql !== undefined && 'problem' in assumed.host.larql)
      return { ...unplanned(...assumed.unknown), checks: plan.checks.filter(({ code }) => code !== LARQL_PROGRAM) };
    const work = await checkWork(hub, plan, signal);
    return { kind, target, plan, checks: work.checks, unknown: [...assumed.unknown, ...unknownWithoutToken(hub, plan), ...work.unknown] };
  } catch (error) {
    signal.throwIfAborted();
    const classified = classifyError(error);
    return 'check' in classified ? block(classified.check) : unplanned(classified.unknown);
  }
};
