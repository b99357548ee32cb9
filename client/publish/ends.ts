import { z } from 'zod';
import { ArtifactKind } from '../../core/ids.js';
import { firstPayload, type HistoryEvent } from './events.js';

const End = z.object({
  outcome: z.string(),
  target: z.string().optional(),
  reason: z.string().optional(),
  receipt: z.object({ target: z.string(), commit: z.string(), manifest: z.string() }).optional(),
});
const Result = z.object({ artifacts: z.array(z.object({ kind: ArtifactKind, result: End })) });
const ChildInput = z.object({
  approved: z.object({ plan: z.object({ kind: ArtifactKind, target: z.object({ repo: z.string() }) }) }),
});

/** What became of one artifact of a publish, so far. */
export interface ArtifactEnd {
  readonly kind: ArtifactKind;
  readonly target: string;
  /** `at work` where it has not ended. */
  readonly outcome: string;
  readonly commit: string | null;
  readonly manifest: string | null;
  readonly reason: string | null;
}

const endOf = (kind: ArtifactKind, target: string, end: z.infer<typeof End>): ArtifactEnd => ({
  kind,
  target: end.receipt?.target ?? end.target ?? target,
  outcome: end.outcome,
  commit: end.receipt?.commit ?? null,
  manifest: end.receipt?.manifest ?? null,
  reason: end.reason ?? null,
});

/** The result of a whole publish, which a failed one carries too. */
const resultIn = (event: HistoryEvent): unknown =>
  firstPayload(
    event.workflowExecutionCompletedEventAttributes?.result ??
      event.workflowExecutionFailedEventAttributes?.failure?.applicationFailureInfo?.details,
  );

/** What became of each artifact, from the events of a publish that may still run. */
export const endsIn = (events: readonly HistoryEvent[]): readonly ArtifactEnd[] => {
  const ends = new Map<ArtifactKind, ArtifactEnd>();
  const children = new Map<string, { readonly kind: ArtifactKind; readonly target: string }>();
  for (const event of events) {
    const input = ChildInput.safeParse(firstPayload(event.startChildWorkflowExecutionInitiatedEventAttributes?.input));
    if (input.success) {
      const { kind, target } = input.data.approved.plan;
      children.set(String(event.eventId), { kind, target: target.repo });
      ends.set(kind, endOf(kind, target.repo, { outcome: 'at work' }));
    }
    const completed = event.childWorkflowExecutionCompletedEventAttributes;
    const child = children.get(String(completed?.initiatedEventId));
    const end = End.safeParse(firstPayload(completed?.result));
    if (child !== undefined && end.success) ends.set(child.kind, endOf(child.kind, child.target, end.data));
    const result = Result.safeParse(resultIn(event));
    if (result.success) for (const report of result.data.artifacts) ends.set(report.kind, endOf(report.kind, '', report.result));
  }
  return [...ends.values()];
};
