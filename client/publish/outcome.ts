import { plural } from '../../core/text.js';
import { reviewerText, type DecisionRecord } from '../../plan/decision.js';
import { readBackText, readFilesText } from '../../plan/read-back.js';
import type { PublishResult } from '../../contract/results.js';
import type { CollectionReport } from '../../contract/publish-activities.js';
import type { Addresses } from '../addresses.js';
import { EXIT, type ExitCode } from '../exit-codes.js';

const BY_OUTCOME: Record<PublishResult['outcome'], ExitCode> = {
  published: EXIT.ok,
  collected: EXIT.ok,
  unchanged: EXIT.nothingToDo,
  rejected: EXIT.rejected,
  expired: EXIT.rejected,
  abandoned: EXIT.failed,
  failed: EXIT.failed,
};

export const exitOf = (result: PublishResult): ExitCode => BY_OUTCOME[result.outcome];

const collectionLines = (report: CollectionReport | undefined): string[] => {
  if (report === undefined) return [];
  if (report.outcome !== 'failed') return [`  added to  collection ${report.collection}`];
  return [
    `  not added to collection ${report.collection}: ${report.reason}`,
    ...(report.hint === null ? [] : [`            ${report.hint}`]),
    '            The published files stay. Start the entry again for a plan that adds them to the collection.',
  ];
};

/** Formats the approval of an artifact. Its result has only the reviewer's name; the decision also has the origin of the name. */
const approvalText = (end: { readonly plan: string; readonly reviewer: string }, decisions: readonly DecisionRecord[]): string => {
  const decision = decisions.find(({ plan, reviewer }) => plan === end.plan && reviewer === end.reviewer);
  return `${end.plan}, approved by ${reviewerText(decision ?? end)}`;
};

/**
 * Formats the result of each artifact.
 *
 * @param decisions the decisions of the publish, which say more about a reviewer than its result
 */
export const resultLines = (result: PublishResult, decisions: readonly DecisionRecord[], addresses: Pick<Addresses, 'commit'>): string[] =>
  result.artifacts.flatMap(({ kind, result: end }) => {
    if (end.outcome === 'collected')
      return [
        `${kind} ${end.target}: added to collection ${end.collection}; its files did not change`,
        `  plan      ${approvalText(end, decisions)}`,
      ];
    if (end.outcome !== 'published') return [`${kind} ${end.target}: ${end.outcome}${'reason' in end ? `: ${end.reason}` : ''}`];
    const { receipt } = end;
    return [
      `${kind} ${receipt.target}: published`,
      `  commit    ${receipt.commit}`,
      `  see       ${addresses.commit(receipt.target, receipt.commit)}`,
      `  plan      ${approvalText(receipt, decisions)}`,
      `  manifest  ${receipt.manifest}`,
      `  verified  ${plural(receipt.verifiedFiles, 'file')} as listed at the commit, ${readBackText(receipt.readBack)} (${readFilesText(receipt.readBack)})`,
      ...collectionLines(receipt.collection),
      ...(receipt.cameTooLate === null ? [] : [`  The ${receipt.cameTooLate} came too late: the commit was already sent.`]),
    ];
  });
