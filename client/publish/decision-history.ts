import type { Client } from '@temporalio/client';
import { z } from 'zod';
import { decide, openApproval, type Approval } from '../../plan/approval.js';
import { DecisionRecord, decisionText } from '../../plan/decision.js';
import type { ShownPlan } from '../../plan/render/markdown.js';
import { reviewSignal } from '../../contract/messages.js';
import { firstPayload, millisecondsOf, readEvents, timeOf, type HistoryEvent } from './events.js';
import { writtenTime, type TimeText } from '../output/time.js';
import { PlanReader } from './plan-history.js';

const Reply = z.object({ decision: DecisionRecord });
const Told = z.object({
  approved: z.object({
    earlier: z.array(DecisionRecord).default([]),
    decision: DecisionRecord,
    release: z.array(DecisionRecord).default([]),
  }),
});

/** Records that the workflow itself wrote down: its answer to an update, or what it told a child or a step. */
const recordedIn = (event: HistoryEvent): readonly DecisionRecord[] => {
  const reply = Reply.safeParse(firstPayload(event.workflowExecutionUpdateCompletedEventAttributes?.outcome?.success));
  if (reply.success) return [reply.data.decision];
  const input = event.startChildWorkflowExecutionInitiatedEventAttributes?.input ?? event.activityTaskScheduledEventAttributes?.input;
  const told = Told.safeParse(firstPayload(input));
  return told.success ? [...told.data.approved.earlier, told.data.approved.decision, ...told.data.approved.release] : [];
};

const keyOf = ({ round, manifest, reviewer, verdict }: DecisionRecord): string =>
  JSON.stringify([round, manifest ?? null, reviewer, verdict]);

/**
 * The decisions of a publish, in their order. What came by signal and was never told to a child (a reject, an
 * approval that others did not follow) is judged again by the rules that the workflow uses; its time is then the signal's.
 */
export const decisionsIn = (events: readonly HistoryEvent[]): readonly DecisionRecord[] => {
  const reader = new PlanReader();
  const found = new Map<string, DecisionRecord>();
  let planned: ShownPlan | null = null;
  let approval: Approval | null = null;
  for (const event of events) {
    const plan = reader.read(event);
    if (plan !== null) [planned, approval] = [plan, null];
    const timer = event.timerStartedEventAttributes?.startToFireTimeout;
    // The one timer of a publish is the deadline of a decision: from here the round asks.
    if (timer && planned !== null && approval === null)
      approval = openApproval({
        round: planned.round,
        plan: planned.digest,
        deadline: timeOf(event).getTime() + millisecondsOf(timer),
        startedBy: planned.startedBy ?? null,
        ...(planned.approvals === undefined ? {} : { policy: planned.approvals }),
      });
    const signal = event.workflowExecutionSignaledEventAttributes;
    if (signal?.signalName === reviewSignal.name && approval !== null) {
      const judged = decide(approval, firstPayload(signal.input), timeOf(event).getTime());
      approval = judged.approval;
      if (judged.answer.result === 'accepted') found.set(keyOf(judged.answer.decision), judged.answer.decision);
    }
    for (const recorded of recordedIn(event)) {
      found.set(keyOf(recorded), recorded);
      // What came by update counts for the signals after it.
      const { plan: of, verdict, reviewer, at } = recorded;
      if (approval !== null && recorded.manifest === undefined)
        approval = decide(approval, { plan: of, verdict, reviewer }, Date.parse(at)).approval;
    }
  }
  return [...found.values()];
};

const Gated = z.object({ approved: z.object({ needsRelease: z.literal(true) }) });

/** The runs of targets that asked for a release, among the events of a publish. */
const gatedTargets = (events: readonly HistoryEvent[]): readonly { readonly id: string; readonly run: string }[] => {
  const gated = new Set(
    events
      .filter((event) => Gated.safeParse(firstPayload(event.startChildWorkflowExecutionInitiatedEventAttributes?.input)).success)
      .map(({ eventId }) => String(eventId)),
  );
  return events.flatMap(({ childWorkflowExecutionStartedEventAttributes: started }) => {
    const { workflowId: id, runId: run } = started?.workflowExecution ?? {};
    return id && run && gated.has(String(started?.initiatedEventId)) ? [{ id, run }] : [];
  });
};

/** As {@link decisionsIn}, with who released what was sealed; that stands in the histories of the targets. */
export const allDecisions = async (client: Client, events: readonly HistoryEvent[]): Promise<readonly DecisionRecord[]> => {
  const releases = gatedTargets(events).map(async ({ id, run }) => decisionsIn(await readEvents(client, id, run)));
  const released = (await Promise.all(releases)).flat().filter(({ manifest }) => manifest !== undefined);
  return [...decisionsIn(events), ...released];
};

/** A decision in a list of them: what it is about, what was decided, when. */
export const decisionLine = (decision: DecisionRecord, time: TimeText): string =>
  `${decision.manifest === undefined ? `round ${decision.round}` : 'release'}   ${decisionText(decision)} (${writtenTime(decision.at, time)})`;
