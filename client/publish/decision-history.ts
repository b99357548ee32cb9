import { z } from 'zod';
import { decide, openApproval, type Approval } from '../../plan/approval.js';
import { DecisionRecord } from '../../plan/decision.js';
import type { ShownPlan } from '../../plan/render/markdown.js';
import { reviewSignal } from '../../workflows/messages.js';
import { firstPayload, millisecondsOf, timeOf, type HistoryEvent } from './events.js';
import { PlanReader } from './plan-history.js';

const Reply = z.object({ decision: DecisionRecord });
const ChildInput = z.object({ approved: Reply });

/** A record that the workflow itself wrote down: its answer to an update, or what it told a child. */
const recordedIn = (event: HistoryEvent): DecisionRecord | null => {
  const reply = Reply.safeParse(firstPayload(event.workflowExecutionUpdateCompletedEventAttributes?.outcome?.success));
  if (reply.success) return reply.data.decision;
  const input = ChildInput.safeParse(firstPayload(event.startChildWorkflowExecutionInitiatedEventAttributes?.input));
  return input.success ? input.data.approved.decision : null;
};

/**
 * The decisions of a publish, one for each round that has one. What came by signal and was never told to a child (a
 * reject) is judged again by the rules that the workflow uses; its time is then the signal's.
 */
export const decisionsIn = (events: readonly HistoryEvent[]): readonly DecisionRecord[] => {
  const reader = new PlanReader();
  const byRound = new Map<number, DecisionRecord>();
  let planned: ShownPlan | null = null;
  let approval: Approval | null = null;
  for (const event of events) {
    const plan = reader.read(event);
    if (plan !== null) [planned, approval] = [plan, null];
    const timer = event.timerStartedEventAttributes?.startToFireTimeout;
    // The one timer of a publish is the deadline of a decision: from here the round asks.
    if (timer && planned !== null && approval === null)
      approval = openApproval(planned.round, planned.digest, timeOf(event).getTime() + millisecondsOf(timer));
    const signal = event.workflowExecutionSignaledEventAttributes;
    if (signal?.signalName === reviewSignal.name && approval !== null) {
      approval = decide(approval, firstPayload(signal.input), timeOf(event).getTime()).approval;
      if (approval.decision !== null && !byRound.has(approval.round)) byRound.set(approval.round, approval.decision);
    }
    const recorded = recordedIn(event);
    if (recorded !== null) byRound.set(recorded.round, recorded);
  }
  return [...byRound.values()];
};
