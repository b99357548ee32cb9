import { condition, setHandler } from '@temporalio/workflow';
import { decide, expire, openApproval, type Answer, type Approval, type Question } from '../plan/approval.js';
import type { DecisionRecord } from '../plan/decision.js';
import { decideUpdate, reviewSignal, type DecisionReply } from '../contract/messages.js';
import { refusal } from './refusal.js';

const NOTHING_ASKED: Answer = {
  result: 'refused',
  code: 'late',
  message: 'Nothing waits for a decision right now. Read the status first.',
};

/** Signal `review` and Update `decide` on the one reducer of `plan/approval`. */
export class Review {
  private current: Approval | null = null;
  private readonly taken: DecisionRecord[] = [];

  /**
   * @param subject what is asked about, which is also the key of its digest in the messages
   * @param onChange called whenever what is shown may have changed
   */
  constructor(
    subject: 'plan' | 'manifest',
    private readonly onChange: () => void,
  ) {
    setHandler(reviewSignal, (message) => void this.take(message), {
      description: `Approve or reject the ${subject}: {"${subject}": "sha256:…", "verdict": "approve" | "reject", "reviewer": "name"}`,
    });
    setHandler(decideUpdate, (message) => this.reply(this.take(message)), {
      description: `As the signal review, with an answer: {"${subject}": "sha256:…", "verdict": "approve" | "reject", "reviewer": "…", "note": "…"}`,
      validator: (message) => void this.reply(this.peek(message)),
    });
  }

  get approval(): Approval | null {
    return this.current;
  }

  get decisions(): readonly DecisionRecord[] {
    return this.taken;
  }

  /** Asks one question and waits for its decision or its deadline. Each starts without any. */
  async ask(question: Omit<Question, 'deadline'>, withinMs: number): Promise<Approval> {
    this.current = openApproval({ ...question, deadline: Date.now() + withinMs });
    this.onChange();
    const decided = await condition(() => this.current?.state !== 'open', withinMs, { summary: 'decision deadline' });
    if (!decided) this.current = expire(this.current);
    return this.current;
  }

  private peek(message: unknown): Answer {
    return this.current === null ? NOTHING_ASKED : decide(this.current, message, Date.now()).answer;
  }

  private take(message: unknown): Answer {
    if (this.current === null) return NOTHING_ASKED;
    const { approval, answer } = decide(this.current, message, Date.now());
    this.current = approval;
    if (answer.result === 'accepted') this.taken.push(answer.decision);
    this.onChange();
    return answer;
  }

  private reply(answer: Answer): DecisionReply {
    if (answer.result === 'refused') throw refusal('DecisionRefused', answer.message, answer.code);
    return { accepted: answer.result === 'accepted' ? 'now' : 'before', decision: answer.decision, missing: answer.missing };
  }
}
