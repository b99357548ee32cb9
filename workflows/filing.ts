import { ActivityFailure } from '@temporalio/workflow';
import type { FilingReport } from '../contract/publish-activities.js';
import type { ApprovedArtifact } from '../plan/approved.js';
import { collectionName } from '../plan/collection.js';
import { codeSpan, escapeMarkdown } from '../plan/escape.js';
import type { HostLease } from './host-lease.js';
import { Moved, problemOf } from './needs-attention.js';
import { filingOn } from './activity-proxies.js';
import type { ArtifactReport } from '../contract/results.js';

/** Files a target from its host. What the Hub refuses is a report; a host that is gone throws. */
export const fileTarget = (host: string, approved: ApprovedArtifact): Promise<FilingReport> =>
  filingOn(host).fileInCollection.executeWithOptions({ summary: `file ${approved.plan.target.repo}` }, [approved]);

/** As {@link fileTarget}, for a target that is published whatever comes of this: the next plan has what is still missing. */
export const fileOrReport = async (lease: HostLease, approved: ApprovedArtifact): Promise<FilingReport> => {
  for (;;) {
    try {
      return await lease.run((host) => fileTarget(host, approved), { slot: false });
    } catch (error) {
      if (error instanceof Moved) {
        lease.leave();
        continue;
      }
      if (!(error instanceof ActivityFailure)) throw error;
      const { code, kind, reason, hint } = problemOf('filing', error);
      return { outcome: 'failed', collection: collectionName(approved.plan), code, kind, reason, hint };
    }
  }
};

/** What came of a filing, as Markdown for the Web UI. */
export const filingNote = (filing: FilingReport): string =>
  filing.outcome === 'failed'
    ? `Not filed in collection ${codeSpan(filing.collection)}; start it again for a plan that files it. Why: ${escapeMarkdown(filing.reason, 500)}`
    : `In collection ${codeSpan(filing.collection)}.`;

/** The same of every artifact of an entry that was to be filed. */
export const filingNotes = (reports: readonly ArtifactReport[]): string[] =>
  reports.flatMap(({ result }) => {
    if (result.outcome === 'filed')
      return [`${codeSpan(result.target)}: ${filingNote({ outcome: 'filed', collection: result.collection })}`];
    if (result.outcome !== 'published' || result.receipt.collection === undefined) return [];
    return [`${codeSpan(result.receipt.target)}: ${filingNote(result.receipt.collection)}`];
  });
