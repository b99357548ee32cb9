import pMap from 'p-map';
import { bySource, type FleetTarget } from '../../../catalog/fleet.js';
import { messageOf, SwpError } from '../../../core/error.js';
import type { RepoId } from '../../../core/ids.js';
import type { HubConfig } from '../../../hub/config.js';
import { boundFindings } from '../../../plan/findings/finding-digests.js';
import { finding, type Finding, type FleetFinding } from '../../../plan/findings/finding.js';
import { examineTarget, type Examined, type ExamineOptions } from '../examine-target.js';
import { checkSource } from './check-source.js';
import { SharedSource } from './shared-source.js';

/** Marks a finding that says no more than that the Hub did not answer. */
const UNANSWERED = 'unanswered';

/** Few enough that a run at night leaves the Hub's patience to those who publish. */
const SOURCES_AT_ONCE = 4;

export interface CheckOptions {
  readonly publishers: readonly string[] | null;
  /** Told after each target how many are done. */
  readonly onDone: (targets: number) => void;
}

/**
 * What the Hub says of one target alone is a finding, and so is that it did not answer for it, however often it was
 * asked: {@link assertAnswered} tells that from a Hub that answers nobody.
 */
export const unreadable = (error: unknown): Finding[] => {
  if (!(error instanceof SwpError) || error.code === 'hub/unauthorized') throw error;
  return [error.transient ? { ...finding('unreadable', messageOf(error)), key: UNANSWERED } : finding('unreadable', messageOf(error))];
};

/** @throws SwpError `revalidate/no-answer` where the Hub answered for none of several targets: it is away, and asked again later */
const assertAnswered = (targets: readonly FleetTarget[], findings: readonly FleetFinding[]): void => {
  const unanswered = findings.filter(({ code, key }) => code === 'unreadable' && key === UNANSWERED);
  const [first] = unanswered;
  if (first === undefined || new Set(unanswered.map(({ target }) => target)).size < targets.length) return;
  throw new SwpError('unavailable', 'revalidate/no-answer', `The Hub answers for no target: ${first.message}`);
};

const unpublished = (target: RepoId, state: 'absent' | 'unpublished'): Finding =>
  state === 'absent'
    ? finding('target-absent', `The Hub does not show ${target} to this token: it was deleted, never published, or became private.`)
    : finding('unpublished', `${target} is there and holds no publish of SWP.`);

/** The findings of an examination, or what stands in its place. */
export const examinedFindings = (examined: Examined): readonly Finding[] =>
  'findings' in examined.found ? examined.found.findings : [unpublished(examined.found.target, examined.found.state)];

/** Examines one target. What the Hub refuses of it is a finding too. */
export const examineOrReport = async (hub: HubConfig, target: RepoId, options: ExamineOptions): Promise<Examined | readonly Finding[]> => {
  try {
    return await examineTarget(hub, target, options);
  } catch (error) {
    return unreadable(error);
  }
};

export const placed = ({ entry, target }: FleetTarget, findings: readonly Finding[]): FleetFinding[] =>
  boundFindings(findings).map((found) => ({ entry, target, ...found }));

const checkOne = async (
  hub: HubConfig,
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
    return [...examined.found.findings, ...unreadable(error)];
  }
};

/**
 * Checks targets and their sources by what the Hub lists of them; no weight is read. What several targets are made
 * from is asked for once.
 *
 * @returns the findings in the order of the targets
 */
export const checkTargets = async (
  hub: HubConfig,
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
        findings.push(...placed(target, await checkOne(hub, target, shared, options, signal)));
        done += 1;
        options.onDone(done);
      }
      return findings;
    },
    { concurrency: SOURCES_AT_ONCE, signal },
  );
  const findings = checked.flat();
  assertAnswered(targets, findings);
  return findings;
};
