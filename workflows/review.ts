import { condition, setHandler } from '@temporalio/workflow';
import { decide, expire, openApproval, type Answer, type Approval, type Question } from '../plan/approval.js';
import type { DecisionRecord } from '../plan/decision.js';
import type { DecisionReply } from '../contract/messages.js';
import { decideUpdate, reviewSignal } from './messages.js';
import { refusal } from './refusal.js';

const NOTHING_TO_DECIDE: Answer = {
  result: 'refused',
  code: 'late',
  message: 'Nothing waits for a decision now. Check the status first.',
};

/** Handles Signal `review` and Update `decide` with the reducer in `plan/approval`. */
export class Review {
  private current: Approval | null = null;
  private readonly accepted: DecisionRecord[] = [];

  /**
   * @param subject the object of the decision, and the key of its digest in messages
   * @param onChange called when the shown state may have changed
   */
  constructor(
    subject: 'plan' | 'manifest',
    private readonly onChange: () => void,
  ) {
    setHandler(reviewSignal, (message) => void this.apply(message), {
      description: `Approve or reject the ${subject}: {"${subject}": "sha256:…", "verdict": "approve" | "reject", "reviewer": "name"}`,
    });
    setHandler(decideUpdate, (message) => this.reply(this.apply(message)), {
      description: `Like the signal review, with an answer: {"${subject}": "sha256:…", "verdict": "approve" | "reject", "reviewer": "…", "note": "…"}`,
      validator: (message) => void this.reply(this.preview(message)),
    });
  }

  get approval(): Approval | null {
    return this.current;
  }

  /** The accepted decisions of all questions. */
  get decisions(): readonly DecisionRecord[] {
    return this.accepted;
  }

  /** Opens a question without approvals, and waits for its decision or its deadline. */
  async ask(question: Omit<Question, 'deadline'>, withinMs: number): Promise<Approval> {
    this.current = openApproval({ ...question, deadline: Date.now() + withinMs });
    this.onChange();
    const decided = await condition(() => this.current?.state !== 'open', withinMs, { summary: 'decision deadline' });
    if (!decided) this.current = expire(this.current);
    return this.current;
  }

  private preview(message: unknown): Answer {
    return this.current === null ? NOTHING_TO_DECIDE : decide(this.current, message, Date.now()).answer;
  }

  private apply(message: unknown): Answer {
    if (this.current === null) return NOTHING_TO_DECIDE;
    const { approval, answer } = decide(this.current, message, Date.now());
    this.current = approval;
    if (answer.result === 'accepted') this.accepted.push(answer.decision);
    this.onChange();
    return answer;
  }

  private reply(answer: Answer): DecisionReply {
    if (answer.result === 'refused') throw refusal('DecisionRefused', answer.message, answer.code);
    return { accepted: answer.result === 'accepted' ? 'now' : 'before', decision: answer.decision, missing: answer.missing };
  }
}
