import { ActivityFailure } from '@temporalio/workflow';
import type { FilingReport } from '../contract/publish-activities.js';
import type { ApprovedArtifact } from '../plan/approved.js';
import { collectionName } from '../plan/collection.js';
import { codeSpan, escapeMarkdown } from '../plan/escape.js';
import type { HostLease } from './host-lease.js';
import { problemOf } from './needs-attention.js';
import { LIMITS, onHost } from './activities.js';
import type { ArtifactReport } from '../contract/results.js';

/** Files a target in its collection, on its host. Returns a refusal of the Hub as a report; throws if the host is gone. */
export const fileTarget = (host: string, approved: ApprovedArtifact): Promise<FilingReport> =>
  onHost(host, LIMITS.filing).fileInCollection.executeWithOptions({ summary: `file ${approved.plan.target.repo}` }, [approved]);

/** Like {@link fileTarget}, for a published target: a failure is only reported, and the next plan includes the missing filing. */
export const fileOrReport = async (lease: HostLease, approved: ApprovedArtifact): Promise<FilingReport> => {
  for (;;) {
    try {
      const filing = await lease.run((host) => fileTarget(host, approved), { slot: false });
      if (filing !== 'moved') return filing;
    } catch (error) {
      if (!(error instanceof ActivityFailure)) throw error;
      const { code, kind, reason, hint } = problemOf('filing', error);
      return { outcome: 'failed', collection: collectionName(approved.plan), code, kind, reason, hint };
    }
  }
};

/** Describes the result of a filing as Markdown for the Web UI. */
export const filingNote = (filing: FilingReport): string =>
  filing.outcome === 'failed'
    ? `Could not be added to collection ${codeSpan(filing.collection)}. Start the publish again: its plan then adds the target. Reason: ${escapeMarkdown(filing.reason, 500)}`
    : `In collection ${codeSpan(filing.collection)}.`;

/** Describes the filings of all artifacts of an entry. */
export const filingNotes = (reports: readonly ArtifactReport[]): string[] =>
  reports.flatMap(({ result }) => {
    if (result.outcome === 'filed')
      return [`${codeSpan(result.target)}: ${filingNote({ outcome: 'filed', collection: result.collection })}`];
    if (result.outcome !== 'published' || result.receipt.collection === undefined) return [];
    return [`${codeSpan(result.receipt.target)}: ${filingNote(result.receipt.collection)}`];
  });
