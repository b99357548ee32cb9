import pMap from 'p-map';
import { bySource, type FleetTarget } from '../../../catalog/fleet.js';
import { messageOf, SwpError } from '../../../core/error.js';
import type { RepoId } from '../../../core/ids.js';
import type { Hub } from '../../../hub/hub.js';
import { boundFindings } from '../../../plan/findings/finding-digests.js';
import { finding, type Finding, type FleetFinding } from '../../../plan/findings/finding.js';
import { examineTarget, type Examined, type ExamineOptions } from '../examine-target.js';
import { checkSource } from './check-source.js';
import { SharedSource } from './shared-source.js';

/** Key of a finding that reports only that the Hub did not answer. */
const UNANSWERED = 'unanswered';

/** Low, so that a nightly run leaves most of the Hub's rate limit to publishes. */
const SOURCES_IN_FLIGHT = 4;

export interface CheckOptions {
  readonly publishers: readonly string[] | null;
  /** Called after each target with the number of targets done. */
  readonly onDone: (targets: number) => void;
}

/**
 * Returns an error for one target as a finding. A target for which the Hub did not answer, after all retries, is also a
 * finding: {@link assertAnswered} separates this case from a Hub that does not answer at all.
 *
 * @throws the error itself if it is not an SwpError or if the Hub rejects the token
 */
export const unreadableFindings = (error: unknown): Finding[] => {
  if (!(error instanceof SwpError) || error.code === 'hub/unauthorized') throw error;
  return [error.transient ? { ...finding('unreadable', messageOf(error)), key: UNANSWERED } : finding('unreadable', messageOf(error))];
};

/**
 * Checks that the Hub answered for at least one target.
 *
 * @throws SwpError `revalidate/no-answer` if the Hub answered for none of the targets: it is down, and the run is
 * retried later
 */
const assertAnswered = (targets: readonly FleetTarget[], findings: readonly FleetFinding[]): void => {
  const unanswered = findings.filter(({ code, key }) => code === 'unreadable' && key === UNANSWERED);
  const [first] = unanswered;
  if (first === undefined || new Set(unanswered.map(({ target }) => target)).size < targets.length) return;
  throw new SwpError('unavailable', 'revalidate/no-answer', `The Hub did not answer for any target: ${first.message}`);
};

const unpublished = (target: RepoId, state: 'absent' | 'unpublished'): Finding =>
  state === 'absent'
    ? finding('target-absent', `The Hub does not show ${target} to this token: it was deleted, never published, or became private.`)
    : finding('unpublished', `${target} exists, but SWP has published nothing there.`);

/** Returns the findings of an examination, or one finding for a target without a publish of ours. */
export const examinedFindings = (examined: Examined): readonly Finding[] =>
  'findings' in examined.found ? examined.found.findings : [unpublished(examined.found.target, examined.found.state)];

/** Examines one target. Returns an error of the Hub as a finding. */
export const examineOrReport = async (hub: Hub, target: RepoId, options: ExamineOptions): Promise<Examined | readonly Finding[]> => {
  try {
    return await examineTarget(hub, target, options);
  } catch (error) {
    return unreadableFindings(error);
  }
};

export const findingsOf = ({ entry, target }: FleetTarget, findings: readonly Finding[]): FleetFinding[] =>
  boundFindings(findings).map((found) => ({ entry, target, ...found }));

const checkOne = async (
  hub: Hub,
  target: FleetTarget,
  shared: SharedSource,
  { publishers }: CheckOptions,
  signal: AbortSignal,
): Promise<readonly Finding[]> => {
  const examined = await examineOrReport(hub, target.target, { read: () => 'nothing', publishers, signal });
  if (!('found' in examined)) return examined;
  if (!('visible' in examined)) return examinedFindings(examined);
  try {
    return [...examined.found.findings, ...(await checkSource(hub, target, examined, shared, signal))];
  } catch (error) {
    return [...examined.found.findings, ...unreadableFindings(error)];
  }
};

/**
 * Checks targets and their sources from the Hub's listings, without reading weights. Reads a source that several
 * targets share only once.
 *
 * @returns the findings in the order of the targets
 */
export const checkTargets = async (
  hub: Hub,
  targets: readonly FleetTarget[],
  options: CheckOptions,
  signal: AbortSignal,
): Promise<FleetFinding[]> => {
  let done = 0;
  const checked = await pMap(
    bySource(targets),
    async ([first, ...rest]) => {
      if (first === undefined) return [];
      const shared = new SharedSource(hub, first, signal);
      const findings: FleetFinding[] = [];
      for (const target of [first, ...rest]) {
        findings.push(...findingsOf(target, await checkOne(hub, target, shared, options, signal)));
        done += 1;
        options.onDone(done);
      }
      return findings;
    },
    { concurrency: SOURCES_IN_FLIGHT, signal },
  );
  const findings = checked.flat();
  assertAnswered(targets, findings);
  return findings;
};
