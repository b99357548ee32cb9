import { ActivityFailure } from '@temporalio/workflow';
import type { CollectionReport } from '../contract/publish-activities.js';
import type { ApprovedArtifact } from '../plan/approved.js';
import { collectionName } from '../plan/collection.js';
import { codeSpan, escapeMarkdown } from '../plan/escape.js';
import type { HostLease } from './host-lease.js';
import { problemOf } from './needs-attention.js';
import { LIMITS, onHost } from './activities.js';
import type { ArtifactReport } from '../contract/results.js';

/** Adds a target to its collection, on its host. Returns a refusal of the Hub as a report; throws if the host is gone. */
export const collectTarget = (host: string, approved: ApprovedArtifact): Promise<CollectionReport> =>
  onHost(host, LIMITS.collecting).addToCollection.executeWithOptions({ summary: `collect ${approved.plan.target.repo}` }, [approved]);

/** Like {@link collectTarget}, for a published target: a failure is only reported, and the next plan includes the collection again. */
export const collectOrReport = async (lease: HostLease, approved: ApprovedArtifact): Promise<CollectionReport> => {
  for (;;) {
    try {
      const report = await lease.run((host) => collectTarget(host, approved), { slot: false });
      if (report !== 'moved') return report;
    } catch (error) {
      if (!(error instanceof ActivityFailure)) throw error;
      const { code, kind, reason, hint } = problemOf('collecting', error);
      return { outcome: 'failed', collection: collectionName(approved.plan), code, kind, reason, hint };
    }
  }
};

/** Describes the result for a collection as Markdown for the Web UI. */
export const collectionNote = (report: CollectionReport): string =>
  report.outcome === 'failed'
    ? `Could not be added to collection ${codeSpan(report.collection)}. Start the publish again: its plan then adds the target. Reason: ${escapeMarkdown(report.reason, 500)}`
    : `In collection ${codeSpan(report.collection)}.`;

/** Describes the collections of all artifacts of an entry. */
export const collectionNotes = (reports: readonly ArtifactReport[]): string[] =>
  reports.flatMap(({ result }) => {
    if (result.outcome === 'collected')
      return [`${codeSpan(result.target)}: ${collectionNote({ outcome: 'added', collection: result.collection })}`];
    if (result.outcome !== 'published' || result.receipt.collection === undefined) return [];
    return [`${codeSpan(result.receipt.target)}: ${collectionNote(result.receipt.collection)}`];
  });
