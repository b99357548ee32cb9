import { z } from 'zod';
import { artifactsOf } from '../../catalog/artifacts.js';
import { readCatalog } from '../../catalog/load.js';
import { FOXLIGHT } from '../../catalog/settings-file.js';
import { SwpError } from '../../core/error.js';
import { ownerOf, repoKey, type RepoId } from '../../core/ids.js';
import { canWrite, whoAmI } from '../../hub/access.js';
import { callJson, hubUrl } from '../../hub/call.js';
import { withToken, type Hub } from '../../hub/hub.js';
import { readSettings } from '../../settings/settings.js';
import { catalogOptions } from '../catalog.js';
import type { Context } from '../context.js';
import { hubName } from '../hub-name.js';
import { hubOf } from '../hub-of.js';
import { joinSentences, type DoctorCheck } from './finding.js';

const ATTEMPTS = 2;

/** Requests one model: every Hub lists models without a token. */
const answersAsHub = async (hub: Hub, signal: AbortSignal): Promise<void> => {
  await callJson(hub, { method: 'GET', url: hubUrl(hub, '/api/models?limit=1'), withoutToken: true, signal }, z.array(z.unknown()));
};

/** @throws SwpError `client/unknown-token`, or the error that keeps the Hub from answering */
export const checkHub: DoctorCheck = async (context) => {
  const hub = hubOf(context.env, ATTEMPTS);
  const who = await whoAmI(hub, { signal: context.signal });
  if (who !== null) return { check: 'hub', verdict: 'ok', message: `${hubName(hub)} knows the token as ${who.user}, role ${who.role}` };
  if (hub.token !== undefined)
    throw new SwpError('access', 'client/unknown-token', `${hubName(hub)} does not accept the token`, {
      hint: 'Set HF_TOKEN to a valid token, or log in with `hf auth login`; unset it to read public repositories only.',
    });
  await answersAsHub(hub, context.signal);
  return {
    check: 'hub',
    verdict: 'warn',
    message: `${hubName(hub)} answers; no token is set`,
    fix: 'Set HF_TOKEN, or log in with `hf auth login`, to read private repositories.',
  };
};

/** One target for each namespace that the operator's own entries publish to. */
const ownTargets = async (context: Context): Promise<readonly RepoId[]> => {
  const { catalog } = await readCatalog(catalogOptions(context));
  const own = [...(catalog?.entries.values() ?? [])].filter(({ source }) => source !== FOXLIGHT);
  const targets = own.flatMap(({ entry }) => artifactsOf(entry).map(({ target }) => target));
  return [...new Map(targets.map((target) => [repoKey(ownerOf(target)), target])).values()];
};

/** Checks if the token may write to the targets of the catalog: a high-memory worker's token must, a control worker's should not. */
export const checkWriting: DoctorCheck = async (context) => {
  const targets = await ownTargets(context);
  if (targets.length === 0) return { check: 'writing', verdict: 'ok', message: 'the catalog has no entries of your own' };
  const hub = hubOf(context.env, ATTEMPTS);
  if (hub.token === undefined)
    return {
      check: 'writing',
      verdict: 'warn',
      message: 'no token is set',
      fix: 'A high-memory worker needs a token that may write (HF_TOKEN).',
    };
  if ((await whoAmI(hub, { signal: context.signal })) === null)
    return { check: 'writing', verdict: 'bad', message: 'the Hub does not accept the token', fix: 'Set HF_TOKEN to a valid token.' };
  const answers = await Promise.all(targets.map((target) => canWrite(hub, target, { signal: context.signal })));
  const not = answers.filter(({ verdict }) => verdict === 'no');
  if (not.length > 0)
    return {
      check: 'writing',
      verdict: 'warn',
      message: joinSentences(not.map(({ reason }) => reason)),
      fix: 'This is right for a control worker. On a high-memory host, set HF_TOKEN to a token that may write to these targets.',
    };
  return { check: 'writing', verdict: 'ok', message: joinSentences(answers.map(({ reason }) => reason)) };
};

/** Checks the second token, which reads gated sources. */
export const checkSourceToken: DoctorCheck = async (context) => {
  const { sourceToken } = readSettings(context.env);
  if (sourceToken === null) return { check: 'sources', verdict: 'ok', message: 'read with the same token (SWP_SOURCE_TOKEN is not set)' };
  const hub = withToken(hubOf(context.env, ATTEMPTS), sourceToken);
  const who = await whoAmI(hub, { signal: context.signal });
  if (who === null)
    return {
      check: 'sources',
      verdict: 'bad',
      message: `${hubName(hub)} does not accept SWP_SOURCE_TOKEN`,
      fix: 'Set SWP_SOURCE_TOKEN to a valid token, or unset it.',
    };
  const message = `SWP_SOURCE_TOKEN belongs to ${who.user}, role ${who.role}`;
  if (who.role === 'read') return { check: 'sources', verdict: 'ok', message };
  return { check: 'sources', verdict: 'warn', message, fix: 'A read-only token is enough, and safer.' };
};
