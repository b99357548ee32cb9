import { sameRepo } from '../core/ids.js';
import { formatBytes } from '../core/text.js';
import type { ArtifactPlan } from './artifact-plan.js';
import { blocked, ok, warn, type Check } from './checks.js';
import type { HostFacts } from './facts.js';
import { rateThatFits, UPLOAD_HOURS } from './upload-time.js';
import { isCommit, isWork } from './work.js';

const writeCheck = (plan: ArtifactPlan, host: HostFacts): Check[] => {
  const answer = host.targets.find((target) => sameRepo(target.repo, plan.target.repo));
  if (answer === undefined) return [];
  if (answer.writable === 'yes') return [ok('write-access', answer.reason)];
  if (answer.writable === 'unknown') return [warn('write-access', answer.reason)];
  return [
    blocked('write-access', answer.reason, 'Give the high-memory worker a token that may write to the target (HF_TOKEN), then retry.'),
  ];
};

/** Warns only: a missing right to write to the collection does not stop the publish, but the target will not be in its collection. */
const collectionCheck = ({ collection }: ArtifactPlan, host: HostFacts): Check[] => {
  if (collection === undefined || !('slug' in collection)) return [];
  const answer = host.targets.find((target) => sameRepo(target.repo, collection.slug));
  if (answer?.writable !== 'no') return [];
  return [
    warn(
      'collection-access',
      `${answer.reason} The target will not be added to its collection.`,
      'Give the high-memory worker a token and SWP_TARGETS for that namespace, or name another collection in hf_collection.',
    ),
  ];
};

const readCheck = (plan: ArtifactPlan, host: HostFacts): Check[] => {
  const source = plan.source;
  const answer = source === null ? undefined : host.sources.find((found) => sameRepo(found.repo, source.repo));
  if (answer === undefined) return [];
  if (answer.readable) return [ok('read-access', answer.reason)];
  return [
    blocked(
      'read-access',
      answer.reason,
      answer.hint ??
        "Accept the terms of the source with the account of the high-memory worker's token, or set SWP_SOURCE_TOKEN there, then retry.",
    ),
  ];
};

/** Counts scratch that other publishes hold as available: it becomes free when they end, and a claim waits for that. */
const diskCheck = (plan: ArtifactPlan, host: HostFacts): Check[] => {
  const need = plan.estimate.diskBytes;
  if (need === 0) return [];
  const available = `${formatBytes(need)} of scratch needed, ${formatBytes(host.availableDiskBytes)} available`;
  if (need <= host.availableDiskBytes) return [ok('disk', `${available}.`)];
  return [blocked('disk', `${available} on the host that answered.`, 'Free disk space under SWP_SCRATCH, then retry.')];
};

const memoryCheck = ({ estimate }: ArtifactPlan, { memoryBytes }: HostFacts): Check[] =>
  memoryBytes === undefined || estimate.memoryBytes <= memoryBytes
    ? []
    : [
        blocked(
          'memory',
          `About ${formatBytes(estimate.memoryBytes)} of memory are needed, but the host that answered has ${formatBytes(memoryBytes)}.`,
          'Publish it from a host with more memory.',
        ),
      ];

const uploadTimeCheck = (plan: ArtifactPlan, host: HostFacts): Check[] => {
  const rate = host.uploadRate ?? null;
  const bytes = plan.estimate.outputBytes;
  if (rate === null || rate >= rateThatFits(bytes)) return [];
  return [
    blocked(
      'upload-time',
      `An upload of ${formatBytes(bytes)} at ${formatBytes(rate)}/s takes more than ${UPLOAD_HOURS} h, but the Hub drops uploads without a commit after 20 h.`,
      `Raise the upload limit of the high-memory worker to at least ${formatBytes(rateThatFits(bytes))}/s (--limit-rate, SWP_LIMIT_RATE), then retry.`,
    ),
  ];
};

/**
 * Returns checks of facts that may change from minute to minute. They are shown beside the plan, and are never part of
 * its digest.
 */
export const volatileChecks = (plans: readonly ArtifactPlan[], host: HostFacts | null): Check[] => {
  const work = plans.filter(isWork);
  if (work.length === 0) return [];
  if (host === null)
    return [
      blocked('high-memory-host', 'No high-memory host answered within two minutes.', 'Start one with `swp worker highmem`, then retry.'),
    ];
  return work.flatMap((plan) => [
    ...writeCheck(plan, host),
    ...collectionCheck(plan, host),
    ...(isCommit(plan) ? readCheck(plan, host) : []),
    ...diskCheck(plan, host),
    ...memoryCheck(plan, host),
    ...uploadTimeCheck(plan, host),
  ]);
};
