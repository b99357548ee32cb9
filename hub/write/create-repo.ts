import { z } from 'zod';
import { SwpError } from '../../core/error.js';
import type { RepoId } from '../../core/ids.js';
import { callJson, hubUrl, jsonBody } from '../call.js';
import type { Hub } from '../hub.js';

/**
 * Creates a model repository. An existing one, no matter which account created it, is not an error: the caller inspects
 * it.
 */
export const createRepo = async (
  hub: Hub,
  repo: RepoId,
  { private: isPrivate, signal }: { readonly private: boolean; readonly signal: AbortSignal },
): Promise<'created' | 'exists'> => {
  const [organization, name] = repo.split('/');
  const request = {
    method: 'POST',
    url: hubUrl(hub, '/api/repos/create'),
    signal,
    ...jsonBody({ type: 'model', organization, name, private: isPrivate, visibility: isPrivate ? 'private' : 'public' }),
  } as const;
  try {
    await callJson(hub, request, z.object({ url: z.string() }));
    return 'created';
  } catch (error) {
    if (error instanceof SwpError && error.code === 'hub/conflict') return 'exists';
    throw error;
  }
};
