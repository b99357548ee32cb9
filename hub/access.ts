import { z } from 'zod';
import { SwpError } from '../core/error.js';
import { ownerOf, type CollectionSlug, type RepoId } from '../core/ids.js';
import { callJson, hubUrl, type CallOptions } from './call.js';
import type { Hub } from './hub.js';
import { openFile } from './read/range.js';
import type { PinnedFile } from './read/locate.js';

export interface Identity {
  readonly user: string;
  readonly orgs: readonly string[];
  /** `read`, `write`, `fineGrained`, or another name that the Hub uses. */
  readonly role: string;
}

const Answer = z.object({
  name: z.string(),
  orgs: z.array(z.object({ name: z.string() })).catch([]),
  auth: z.object({ accessToken: z.object({ role: z.string() }).nullish() }).nullish(),
});

/** Returns the identity of the token, or null if there is no token or the Hub does not know it. */
export const whoAmI = async (hub: Hub, { signal }: CallOptions): Promise<Identity | null> => {
  if (hub.token === undefined) return null;
  try {
    const { value } = await callJson(hub, { method: 'GET', url: hubUrl(hub, '/api/whoami-v2'), signal }, Answer);
    return { user: value.name, orgs: value.orgs.map(({ name }) => name), role: value.auth?.accessToken?.role ?? 'unknown' };
  } catch (error) {
    if (error instanceof SwpError && error.code === 'hub/unauthorized') return null;
    throw error;
  }
};

/** Checks that the content of a file can be read: a gated repository shows its file list to everyone. */
export const canReadOneByte = async (hub: Hub, file: PinnedFile, { signal }: CallOptions): Promise<boolean> => {
  try {
    for await (const chunk of openFile(hub, file).read(0, 1, signal)) if (chunk.byteLength === 1) return true;
    return false;
  } catch (error) {
    if (error instanceof SwpError && (error.kind === 'access' || error.kind === 'not-found')) return false;
    throw error;
  }
};

export interface WriteAnswer {
  readonly verdict: 'yes' | 'no' | 'unknown';
  readonly reason: string;
}

/** Determines, as far as possible without writing, if this token may create and write a repository or a collection. */
export const canWrite = async (hub: Hub, repo: RepoId | CollectionSlug, options: CallOptions): Promise<WriteAnswer> => {
  if (hub.token === undefined) return { verdict: 'no', reason: `The high-memory worker has no token, so it cannot write to ${repo}.` };
  const identity = await whoAmI(hub, options);
  if (identity === null) return { verdict: 'no', reason: 'The Hub rejects the token of the high-memory worker.' };
  const { user, orgs, role } = identity;
  const owner = ownerOf(repo).toLowerCase();
  if (role === 'read') return { verdict: 'no', reason: `The token of ${user} is read-only.` };
  if (![user, ...orgs].some((name) => name.toLowerCase() === owner))
    return { verdict: 'no', reason: `${user} belongs to ${[user, ...orgs].join(', ')}, not to the namespace of ${repo}.` };
  if (role === 'write' || role === 'admin') return { verdict: 'yes', reason: `The token of ${user} may write to ${repo}.` };
  return { verdict: 'unknown', reason: `The token of ${user} has role ${role}: the Hub does not say whether it may write to ${repo}.` };
};
