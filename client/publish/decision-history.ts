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
const ApprovedInput = z.object({
  approved: z.object({
    earlier: z.array(DecisionRecord).default([]),
    decision: DecisionRecord,
    release: z.array(DecisionRecord).default([]),
  }),
});

/** Returns the decisions that the workflow itself recorded: in its reply to an update, or in the input of a child workflow or an activity. */
const recordedIn = (event: HistoryEvent): readonly DecisionRecord[] => {
  const reply = Reply.safeParse(firstPayload(event.workflowExecutionUpdateCompletedEventAttributes?.outcome?.success));
  if (reply.success) return [reply.data.decision];
  const input = event.startChildWorkflowExecutionInitiatedEventAttributes?.input ?? event.activityTaskScheduledEventAttributes?.input;
  const parsed = ApprovedInput.safeParse(firstPayload(input));
  if (!parsed.success) return [];
  const { earlier, decision, release } = parsed.data.approved;
  return [...earlier, decision, ...release];
};

const keyOf = ({ round, manifest, reviewer, verdict }: DecisionRecord): string =>
  JSON.stringify([round, manifest ?? null, reviewer, verdict]);

/**
 * Returns the decisions of a publish, in their order. A decision that came by signal and never reached a child workflow (a
 * reject, or an approval without the further ones it needed) is evaluated again by the rules of the workflow; its time is
 * then that of the signal.
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
    // The only timer of a publish is the deadline of its decision: from here on the round takes decisions.
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
      const evaluated = decide(approval, firstPayload(signal.input), timeOf(event).getTime());
      approval = evaluated.approval;
      if (evaluated.answer.result === 'accepted') found.set(keyOf(evaluated.answer.decision), evaluated.answer.decision);
    }
    for (const recorded of recordedIn(event)) {
      found.set(keyOf(recorded), recorded);
      // A decision that came by update counts for the signals after it.
      const { plan: of, verdict, reviewer, at } = recorded;
      if (approval !== null && recorded.manifest === undefined)
        approval = decide(approval, { plan: of, verdict, reviewer }, Date.parse(at)).approval;
    }
  }
  return [...found.values()];
};

const Gated = z.object({ approved: z.object({ needsRelease: z.literal(true) }) });

/** Returns the runs of targets that need a release, from the events of a publish. */
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

/** Returns the decisions of {@link decisionsIn} and the releases, which are in the histories of the targets. */
export const allDecisions = async (client: Client, events: readonly HistoryEvent[]): Promise<readonly DecisionRecord[]> => {
  const releases = gatedTargets(events).map(async ({ id, run }) => decisionsIn(await readEvents(client, id, run)));
  const released = (await Promise.all(releases)).flat().filter(({ manifest }) => manifest !== undefined);
  return [...decisionsIn(events), ...released];
};

/** Formats a decision for a list: its subject, the decision and its time. */
export const decisionLine = (decision: DecisionRecord, time: TimeText): string =>
  `${decision.manifest === undefined ? `round ${decision.round}` : 'release'}   ${decisionText(decision)} (${writtenTime(decision.at, time)})`;
