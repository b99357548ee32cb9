import type { Client } from '../../temporal/connect-client.js';
import type { z } from 'zod';
import { SwpError } from '../../core/error.js';
import { faultText, parseOrFaults } from '../../core/faults.js';
import { capitalize, plural } from '../../core/text.js';
import { DecisionMessage, namesDigest, ReleaseMessage } from '../../plan/decision.js';
import { publishId } from '../../contract/names.js';
import { addressesOf } from '../addresses.js';
import type { Context } from '../context.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { stripControls } from '../output/strip-controls.js';
import { ask, mayPrompt } from '../prompt.js';
import { withEntry } from '../publish/with-entry.js';
import { sendDecision } from '../../temporal/send-decision.js';
import { questionName, pendingDecisions, type Question } from '../publish/questions.js';
import { findReviewer, type Reviewer } from '../publish/reviewer.js';
import { typedDigest } from '../publish/typed-digest.js';
import { startWorkerHint, unpolledText } from '../../temporal/workers.js';

export interface DecideOptions {
  readonly entry: string;
  readonly verdict: 'approve' | 'reject';
  /** The digest that the person read: of a plan, or of the sealed files built from one. */
  readonly plan?: string;
  readonly manifest?: string;
  readonly as?: string;
  readonly note?: string;
}

const PAST = { approve: 'approved', reject: 'rejected' } as const;

/** The person must have seen what is decided: it is shown on a terminal; elsewhere its digest must be given. */
const needDigest = (verdict: string, entry: string): SwpError =>
  new SwpError('usage', 'client/digest-needed', `Without a terminal, ${verdict} needs the digest of the plan or manifest that you read.`, {
    hint: `swp plan ${entry}, then swp ${verdict} ${entry} --plan <digest>; or swp status ${entry}, then swp ${verdict} ${entry} --manifest <digest>`,
  });

const parseMessage = <T>(schema: z.ZodType<T>, message: unknown): T => {
  const parsed = parseOrFaults(schema, message);
  if ('data' in parsed) return parsed.data;
  throw new SwpError(
    'usage',
    'client/bad-decision',
    `The decision is not valid: ${parsed.faults.map((fault) => faultText(fault)).join('; ')}.`,
  );
};

/** Returns the question that a digest names. */
const findQuestion = (questions: readonly Question[], subject: Question['subject'], typed: string, entry: string): Question => {
  const digest = typedDigest(subject, typed);
  const found = questions.find((question) => question.subject === subject && namesDigest(digest, question.digest));
  if (found !== undefined) return found;
  const waiting = questions.filter(({ waits }) => waits);
  const those = (waiting.length === 0 ? questions : waiting).map(questionName).join(' and ');
  throw new SwpError('stale', 'publish/other-plan', `No ${subject} ${digest} waits for a decision: ${entry} has ${those}.`, {
    hint: `Read the current plan: swp plan ${entry}`,
  });
};

/** Shows each question that waits, and returns those that the person confirms. */
const confirmQuestions = async (
  questions: readonly Question[],
  verdict: DecideOptions['verdict'],
  context: Context,
): Promise<readonly Question[]> => {
  const waiting = questions.filter(({ waits }) => waits);
  const wanted: Question[] = [];
  for (const question of waiting.length === 0 ? questions.slice(0, 1) : waiting) {
    context.out.note(stripControls(question.text(context.out.paint)));
    const words = `${verdict === 'approve' ? 'Approve' : 'Reject'} ${questionName(question)}?`;
    if (await ask(words, context.signal)) wanted.push(question);
  }
  return wanted;
};

/** Origin of the recorded name, which is not verified. */
const nameOrigin = (identity: Reviewer['identity']): string => {
  if (identity === 'hub') return 'name from your Hub token';
  return identity === 'os' ? 'your login on this machine' : 'name from --as';
};

type Decided = Pick<DecideOptions, 'entry' | 'verdict' | 'note'> & { readonly decider: Reviewer };

/** Sends one decision, and prints its result. */
const send = async (
  client: Client,
  question: Question,
  { entry, verdict, note, decider }: Decided,
  context: Context,
): Promise<ExitCode> => {
  const { subject, digest, round, running } = question;
  const fields = {
    verdict,
    ...decider,
    ...(note === undefined ? {} : { note }),
  };
  const message =
    subject === 'plan'
      ? parseMessage(DecisionMessage, { plan: digest, ...fields })
      : parseMessage(ReleaseMessage, { manifest: digest, ...fields });
  const sent = await sendDecision(client, running, round, digest, message);
  const { reviewer, identity } = message;
  const missing = sent.how === 'answered' ? (sent.reply.missing ?? 0) : null;
  context.out.data(
    {
      entry,
      [subject]: digest,
      round,
      verdict,
      reviewer,
      ...(identity === undefined ? {} : { identity }),
      sent: sent.how,
      ...(missing === null ? {} : { missing }),
    },
    () => `${capitalize(questionName(question))} of ${entry} ${PAST[verdict]} as ${reviewer} (${nameOrigin(identity)}; not verified).`,
  );
  if (sent.how === 'signalled') {
    const why = sent.unpolled === null ? 'No worker answered.' : unpolledText(sent.unpolled);
    const hint = sent.unpolled === null ? "Look at the control worker's log." : startWorkerHint(sent.unpolled);
    context.out.warn(`${why} The decision is stored in the workflow, and takes effect when one polls. ${hint}`);
    return EXIT.unavailable;
  }
  if (sent.reply.accepted === 'before') context.out.note('The same decision was made before. Nothing has changed.');
  if (verdict === 'approve' && missing !== null && missing > 0)
    context.out.note(`${plural(missing, 'more approval')} needed, from other reviewers.`);
  return EXIT.ok;
};

/** Approves or rejects exactly one plan, or exactly the sealed files built from it. */
export const decide = async (options: DecideOptions, context: Context): Promise<ExitCode> => {
  const { verdict, plan, manifest } = options;
  return withEntry(context, options.entry, async (temporal, entry) => {
    const { client } = temporal;
    const questions = await pendingDecisions(client, entry);
    const typed = [
      ...(plan === undefined ? [] : [findQuestion(questions, 'plan', plan, entry)]),
      ...(manifest === undefined ? [] : [findQuestion(questions, 'manifest', manifest, entry)]),
    ];
    if (typed.length === 0 && !mayPrompt(context)) throw needDigest(verdict, entry);
    const wanted = typed.length === 0 ? await confirmQuestions(questions, verdict, context) : typed;
    if (wanted.length === 0) {
      context.out.note('Nothing was decided.');
      return EXIT.awaitingApproval;
    }
    const decided = { ...options, entry, decider: await findReviewer(options.as, context) };
    let code: ExitCode = EXIT.ok;
    for (const question of wanted) {
      const sent = await send(client, question, decided, context);
      if (sent !== EXIT.ok) code = sent;
    }
    const page = addressesOf(context.env, temporal).workflow(publishId(entry));
    if (verdict === 'approve') context.out.note(`Follow it: swp status ${entry} --watch`);
    if (page !== null) context.out.note(`See it: ${page}`);
    return code;
  });
};
