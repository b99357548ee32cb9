import { userInfo } from 'node:os';
import { messageOf, SwpError } from '../../core/error.js';
import { whoAmI } from '../../hub/access.js';
import { reviewerText, type DecisionRecord } from '../../plan/decision.js';
import { plainName } from '../../plan/reviewer.js';
import type { Context } from '../context.js';
import { hubName } from '../hub-name.js';
import { hubOf } from '../hub-of.js';

/** The person who decides. The name is self-reported, not verified. */
export type Reviewer = Pick<DecisionRecord, 'reviewer' | 'identity'>;

/** Returns the name of the person who starts a publish. Marks a login: the same login on another machine may be another person. */
export const starterName = (who: Reviewer): string => (who.identity === 'os' ? reviewerText(who) : who.reviewer);

/** Timeout of the Hub: a person waits, and a Hub that does not answer must not block a decision. */
const HUB_MS = 3_000;

/** Returns the login of the current user. */
export const loginReviewer = (env: NodeJS.ProcessEnv): Reviewer => {
  try {
    return { reviewer: userInfo().username, identity: 'os' };
  } catch {
    // A container may run as a user without a name.
    if ((env['USER'] ?? '') !== '') return { reviewer: env['USER'] ?? '', identity: 'os' };
    throw new SwpError('usage', 'client/nameless', 'The user of this process has no name.', { hint: 'Give your name with --as.' });
  }
};

/** Returns the account of this machine's Hub token, or the reason why there is none. */
const hubReviewer = async ({ env, signal }: Pick<Context, 'env' | 'signal'>): Promise<Reviewer | { readonly why: string | null }> => {
  try {
    const hub = hubOf(env, 1);
    if (hub.token === undefined) return { why: null };
    const who = await whoAmI(hub, { signal: AbortSignal.any([signal, AbortSignal.timeout(HUB_MS)]) });
    return who === null ? { why: `${hubName(hub)} does not accept your token` } : { reviewer: who.user, identity: 'hub' };
  } catch (error) {
    signal.throwIfAborted();
    const late = error instanceof DOMException && error.name === 'TimeoutError';
    return { why: late ? `the Hub did not answer within ${HUB_MS / 1000} s` : messageOf(error) };
  }
};

/**
 * Returns the person who decides: the given name, else the account of the Hub token, else the login. Warns on stderr, and
 * continues, if the Hub cannot name the account of the token.
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
  if (found.why !== null) context.out.warn(`Recording you by your login, ${login.reviewer}: ${found.why}.`);
  return login;
};
