import { userInfo } from 'node:os';
import { messageOf, SwpError } from '../../core/error.js';
import { whoAmI } from '../../hub/access.js';
import { hubConfigFromEnv, withPatience } from '../../hub/config.js';
import { reviewerText, type DecisionRecord } from '../../plan/decision.js';
import { plainName } from '../../plan/reviewer.js';
import type { Context } from '../context.js';
import { hubName } from '../hub-name.js';

/** Who decides: a claim, not a proof. */
export type Reviewer = Pick<DecisionRecord, 'reviewer' | 'identity'>;

/** The name that a start gives. A login says that it is one: the same login on another machine may be somebody else. */
export const starterName = (who: Reviewer): string => (who.identity === 'os' ? reviewerText(who) : who.reviewer);

/** A person waits: a Hub that does not answer must not hold back a decision. */
const HUB_MS = 3_000;

/** The login of this machine's user. */
export const loginReviewer = (env: NodeJS.ProcessEnv): Reviewer => {
  try {
    return { reviewer: userInfo().username, identity: 'os' };
  } catch {
    // A container may run a user that has no name.
    if ((env['USER'] ?? '') !== '') return { reviewer: env['USER'] ?? '', identity: 'os' };
    throw new SwpError('usage', 'client/nameless', 'The user of this process has no name.', { hint: 'Say who decides with --as.' });
  }
};

/** The account of this machine's Hub token; the reason where there is none. */
const hubReviewer = async ({ env, signal }: Pick<Context, 'env' | 'signal'>): Promise<Reviewer | { readonly why: string | null }> => {
  try {
    const hub = withPatience(hubConfigFromEnv(env), 1);
    if (hub.token === undefined) return { why: null };
    const who = await whoAmI(hub, { signal: AbortSignal.any([signal, AbortSignal.timeout(HUB_MS)]) });
    return who === null ? { why: `${hubName(hub)} does not know the token` } : { reviewer: who.user, identity: 'hub' };
  } catch (error) {
    signal.throwIfAborted();
    const late = error instanceof DOMException && error.name === 'TimeoutError';
    return { why: late ? `the Hub did not answer within ${HUB_MS / 1000} s` : messageOf(error) };
  }
};

/**
 * Who decides: the name that was given by hand, else the account of the Hub token, else the login. A Hub that
 * cannot say whose token it is is told on stderr, and holds nothing back.
 */
export const findReviewer = async (given: string | undefined, context: Pick<Context, 'env' | 'signal' | 'out'>): Promise<Reviewer> => {
  if (given !== undefined) {
    const reviewer = plainName(given);
    if (reviewer !== '') return { reviewer };
    throw new SwpError('usage', 'client/nameless', 'The name in --as is empty.', { hint: 'Give your Hub account or e-mail address.' });
  }
  const found = await hubReviewer(context);
  if ('reviewer' in found) return found;
  const login = loginReviewer(context.env);
  if (found.why !== null) context.out.warn(`You are ${login.reviewer}, the login of this machine: ${found.why}.`);
  return login;
};
