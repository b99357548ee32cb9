import { ActivityFailure, ApplicationFailure } from '@temporalio/workflow';
import { describe, expect, it, vi } from 'vitest';
import type { CommitRequest } from '../../contract/publish-activities.js';
import { CommitInDoubt } from '../../workflows/commit-in-doubt.js';

const PARENT = 'a'.repeat(40);
const request = { approved: { plan: { target: { repo: 'acme/x' } } }, parent: PARENT } as unknown as CommitRequest;

/** The result at the end of a publish whose commit step failed with this error; the target still has the head of the plan. */
const endAfter = async (type: string, ...details: unknown[]) => {
  const doubt = new CommitInDoubt({} as never);
  vi.spyOn(doubt, 'searchOnce').mockResolvedValue({ outcome: 'absent', head: PARENT as never });
  const failure = new ActivityFailure(
    'failed',
    'commitArtifact',
    '1',
    'NON_RETRYABLE_FAILURE',
    'host',
    ApplicationFailure.create({ type, details }),
  );
  await doubt.track(request, () => Promise.reject(failure)).catch(() => undefined);
  return doubt.settleAtEnd();
};

describe('a publish that ends after a failed commit step', () => {
  it('reports no commit when the commit was refused', async () => {
    expect(await endAfter('hub/forbidden', null, 'access')).toMatchObject({ commit: 'none' });
  });

  it('reports an unknown commit when a later attempt failed before it sent anything', async () => {
    expect(await endAfter('hub/unauthorized', null, 'access', 'nothing-sent-now')).toMatchObject({
      commit: 'unknown',
      text: expect.stringContaining('may still arrive'),
    });
  });

  it('reports nothing when no attempt sent anything', async () => {
    expect(await endAfter('scratch/unsafe', null, 'invalid', 'nothing-sent')).toBe(null);
  });
});
