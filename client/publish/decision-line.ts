import { decisionText, type DecisionRecord } from '../../plan/decision.js';
import { writtenTime, type TimeText } from '../output/time.js';

/** Formats a decision for a list: its subject, the decision and its time. */
export const decisionLine = (decision: DecisionRecord, time: TimeText): string =>
  `${decision.manifest === undefined ? `round ${decision.round}` : 'release'}   ${decisionText(decision)} (${writtenTime(decision.at, time)})`;
