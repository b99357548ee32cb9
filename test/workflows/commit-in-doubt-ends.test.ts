import { ActivityFailure, ApplicationFailure } from '@temporalio/workflow';
import { describe, expect, it, vi } from 'vitest';
import type { CommitRequest } from '../../contract/publish-activities.js';
import { CommitInDoubt } from '../../workflows/commit-in-doubt.js';

const PARENT = 'a'.repeat(40);
const request = { approved: { plan: { target: { repo: 'acme/x' } } }, parent: PARENT } as unknown as CommitRequest;

/** What a publish says at its end, whose commit step failed so, and whose target still has the head of the plan. */
const endAfter = async (type: string, ...details: unknown[]) => {
  const doubt = new CommitInDoubt({} as never);
  vi.spyOn(doubt, 'lookBriefly').mockResolvedValue({ outcome: 'absent', head: PARENT as never });
  const failure = new ActivityFailure(
    'failed',
    'commitArtifact',
    '1',
    'NON_RETRYABLE_FAILURE',
    'host',
    ApplicationFailure.create({ type, details }),
  );
  await doubt.during(request, () => Promise.reject(failure)).catch(() => undefined);
  return doubt.settleAtEnd();
};

describe('a publish that ends after its commit step', () => {
  it('was refused, left no commit', async () => {
    expect(await endAfter('hub/forbidden', null, 'access')).toMatchObject({ commit: 'none' });
  });

  it('failed in a later attempt before it sent anything, may have left one that arrives yet', async () => {
    expect(await endAfter('hub/unauthorized', null, 'access', 'nothing-sent-now')).toMatchObject({
      commit: 'unknown',
      text: expect.stringContaining('may arrive yet'),
    });
  });

  it('never sent anything, has no commit to speak of', async () => {
    expect(await endAfter('scratch/unsafe', null, 'invalid', 'nothing-sent')).toBe(null);
  });
});
