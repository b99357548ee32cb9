import { z } from 'zod';
import { ArtifactKind } from '../../core/ids.js';
import { firstPayload, type HistoryEvent } from './events.js';

const End = z.object({
  outcome: z.string(),
  target: z.string().optional(),
  reason: z.string().optional(),
  receipt: z.object({ target: z.string(), commit: z.string(), manifest: z.string() }).optional(),
});
type End = z.infer<typeof End>;
const Result = z.object({ artifacts: z.array(z.object({ kind: ArtifactKind, result: End })) });
const ChildInput = z.object({
  approved: z.object({ plan: z.object({ kind: ArtifactKind, target: z.object({ repo: z.string() }) }) }),
});

/** The outcome of one artifact of a publish. */
export interface ArtifactEnd {
  readonly kind: ArtifactKind;
  readonly target: string;
  /** Its stage if it still runs. */
  readonly outcome: string;
  readonly commit: string | null;
  readonly manifest: string | null;
  readonly reason: string | null;
}

/** An artifact without an outcome in the history of its publish: it still runs, or it outlived its publish. */
export interface OpenArtifact {
  readonly kind: ArtifactKind;
  readonly target: string;
  /** Its own workflow; null if that has not started. */
  readonly child: { readonly id: string; readonly run: string } | null;
}

export const endOf = (kind: ArtifactKind, target: string, end: End): ArtifactEnd => ({
  kind,
  target: end.receipt?.target ?? end.target ?? target,
  outcome: end.outcome,
  commit: end.receipt?.commit ?? null,
  manifest: end.receipt?.manifest ?? null,
  reason: end.reason ?? null,
});

/** Returns the result that a workflow's last event carries: of a target, or of a publish, whose failure carries it, too. */
const resultIn = (event: HistoryEvent): unknown =>
  firstPayload(
    event.workflowExecutionCompletedEventAttributes?.result ??
      event.workflowExecutionFailedEventAttributes?.failure?.applicationFailureInfo?.details,
  );

/** Returns the result in the history of a target's own workflow; null if it did not complete. */
export const targetEndIn = (events: readonly HistoryEvent[]): End | null => {
  const last = events.at(-1);
  return last === undefined ? null : (End.safeParse(resultIn(last)).data ?? null);
};

/** Returns the end of a target's workflow from an event of its publish. A target ends as cancelled only if it left no commit. */
const closedChild = (event: HistoryEvent): { readonly initiatedEventId: unknown; readonly end: End } | null => {
  const completed = event.childWorkflowExecutionCompletedEventAttributes;
  const end = End.safeParse(firstPayload(completed?.result)).data;
  if (completed && end !== undefined) return { initiatedEventId: completed.initiatedEventId, end };
  const cancelled = event.childWorkflowExecutionCanceledEventAttributes;
  if (cancelled)
    return { initiatedEventId: cancelled.initiatedEventId, end: { outcome: 'abandoned', reason: 'cancelled; it left no commit' } };
  const failed = event.childWorkflowExecutionFailedEventAttributes;
  if (failed) return { initiatedEventId: failed.initiatedEventId, end: { outcome: 'failed', reason: failed.failure?.message ?? '' } };
  const terminated = event.childWorkflowExecutionTerminatedEventAttributes;
  return terminated ? { initiatedEventId: terminated.initiatedEventId, end: { outcome: 'terminated' } } : null;
};

export interface Ends {
  readonly ended: readonly ArtifactEnd[];
  readonly open: readonly OpenArtifact[];
}

/** Returns the outcome of each artifact, as far as the events of a publish contain it. */
export const endsIn = (events: readonly HistoryEvent[]): Ends => {
  const ended = new Map<ArtifactKind, ArtifactEnd>();
  const open = new Map<string, OpenArtifact>();
  for (const event of events) {
    const input = ChildInput.safeParse(firstPayload(event.startChildWorkflowExecutionInitiatedEventAttributes?.input));
    if (input.success) {
      const { kind, target } = input.data.approved.plan;
      ended.delete(kind);
      open.set(String(event.eventId), { kind, target: target.repo, child: null });
    }
    const started = event.childWorkflowExecutionStartedEventAttributes;
    const begun = open.get(String(started?.initiatedEventId));
    const { workflowId: id, runId: run } = started?.workflowExecution ?? {};
    if (begun !== undefined && id && run) open.set(String(started?.initiatedEventId), { ...begun, child: { id, run } });
    const closed = closedChild(event);
    const child = open.get(String(closed?.initiatedEventId));
    if (closed !== null && child !== undefined) {
      open.delete(String(closed.initiatedEventId));
      ended.set(child.kind, endOf(child.kind, child.target, closed.end));
    }
    const result = Result.safeParse(resultIn(event));
    if (result.success) for (const { kind, result: end } of result.data.artifacts) ended.set(kind, endOf(kind, '', end));
  }
  return { ended: [...ended.values()], open: [...open.values()].filter(({ kind }) => !ended.has(kind)) };
};
