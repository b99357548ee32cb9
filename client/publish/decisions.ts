import { decisionText, type DecisionRecord } from '../../plan/decision.js';
import type { RunningPublish, RunningTarget } from '../../temporal/running.js';
import { writtenTime, type TimeText } from '../output/time.js';

/** Returns the decisions of a publish, and those about the releases of its targets. */
export const decisionsOf = ({ state }: RunningPublish, targets: readonly RunningTarget[]): readonly DecisionRecord[] => [
  ...(state?.decisions ?? []),
  ...targets.flatMap((target) => target.state?.decisions ?? []),
];

/** Formats a decision for a list: its subject, the decision and its time. */
export const decisionLine = (decision: DecisionRecord, time: TimeText): string =>
  `${decision.manifest === undefined ? `round ${decision.round}` : 'release'}   ${decisionText(decision)} (${writtenTime(decision.at, time)})`;
