import { asyncLocalStorage } from '@temporalio/activity';
import type { ApplicationFailure } from '@temporalio/common';
import { describe, expect, it } from 'vitest';
import { activityBoundary, toFailure } from '../../activities/boundary.js';
import { THIS_MACHINE } from '../../core/this-machine.js';
import { RequestNotSent } from '../../publish/commit/request-not-sent.js';
import { ScratchLayout } from '../../publish/scratch/scratch-layout.js';
import { assertTargetAllowed } from '../../publish/upload/allowed-targets.js';
import { SwpError } from '../../core/error.js';
import { RepoId } from '../../core/ids.js';
import { redactor } from '../../core/redact.js';
import { Secret } from '../../core/secret.js';

const failure = (error: unknown) => toFailure(error, redactor([new Secret('hf_secret')])) as ApplicationFailure;

describe('a failure recorded in the workflow history', () => {
  it('keeps its code and hint, and is not retried when it is permanent', () => {
    expect(failure(new SwpError('access', 'hub/gated', 'No.', { hint: 'Accept the terms.' }))).toMatchObject({
      type: 'hub/gated',
      message: 'No.',
      nonRetryable: true,
      details: ['Accept the terms.', 'access'],
    });
  });

  it('is retried when it is transient', () => {
    expect(failure(new SwpError('unavailable', 'hub/stopping', 'Later.'))).toMatchObject({ nonRetryable: false });
  });

  it('is not retried when it is unexpected', () => {
    expect(failure(new TypeError('x is undefined'))).toMatchObject({ type: 'internal', nonRetryable: true, message: 'x is undefined' });
  });

  it('carries no token in its message or details', () => {
    const wrapped = failure(
      new SwpError('access', 'x/y', 'Bearer hf_secret', { hint: 'not hf_secret', cause: new Error('hf_secret again') }),
    );
    expect(JSON.stringify([wrapped.message, wrapped.details])).not.toContain('hf_secret');
  });

  it.each([1990, 1991, 1995, 1998])('carries no part of a token that follows %i characters', (length) => {
    const wrapped = failure(new Error(`${'x'.repeat(length)} hf_secret`));
    expect(wrapped.message).not.toMatch(/hf_s|secret(?!\])/);
  });

  it('carries no token that is percent-encoded or split by control characters', () => {
    const wrapped = failure(new SwpError('access', 'x/y', 'h\nf_\u200bsec\u0007ret', { hint: '%68f_secret' }));
    expect([wrapped.message, wrapped.details?.[0]]).toEqual(['[secret]', '[secret]']);
  });

  it('is one bounded line', () => {
    expect(failure(new Error(`a\nb${'x'.repeat(10_000)}`)).message).toMatch(/^a b[^\n]{1,2000}$/);
  });
});

describe('the activity boundary', () => {
  const logged = async (thrown: Error): Promise<object[]> => {
    const lines: object[] = [];
    const context = {
      info: { activityType: 'unknown' },
      cancellationSignal: new AbortController().signal,
      log: { error: (message: string, fields: object) => void lines.push({ message, ...fields }) },
    };
    const { inbound } = activityBoundary(redactor([]))(context as never);
    const run = (): Promise<unknown> => inbound!.execute!({ args: [], headers: {} }, () => Promise.reject(thrown));
    await asyncLocalStorage.run(context as never, () => run().catch(() => undefined));
    return lines;
  };

  it('logs the stack of an unexpected failure', async () => {
    expect(await logged(new TypeError('x is undefined'))).toEqual([
      { message: 'unexpected error', error: 'x is undefined', stack: expect.stringContaining('boundary.test.ts') },
    ]);
  });

  it.each([
    ['an activity', (error: Error) => error],
    ['a commit that sent nothing', (error: Error) => new RequestNotSent(error, 'nothing-sent')],
  ])('explains a file system failure below scratch in %s', async (_, wrap) => {
    const readOnly = Object.assign(new Error('EROFS: read-only file system'), { code: 'EROFS', path: '/scratch/swp/builds' });
    const { inbound } = activityBoundary((text) => text, { machine: THIS_MACHINE, layout: new ScratchLayout('/scratch/swp') })({} as never);
    const context = { info: { activityType: 'unknown' }, cancellationSignal: new AbortController().signal };
    const run = (): Promise<unknown> => inbound!.execute!({ args: [], headers: {} }, () => Promise.reject(wrap(readOnly)));
    const failed = asyncLocalStorage.run(context as never, () => run().catch((error: unknown) => error));
    expect(await failed).toMatchObject({
      type: 'scratch/read-only',
      nonRetryable: true,
      details: expect.arrayContaining([expect.any(String), 'invalid']),
    });
  });

  it('does not log a failure that SWP knows', async () => {
    expect(await logged(new SwpError('access', 'hub/gated', 'No.'))).toEqual([]);
  });
});

describe('the namespaces that a worker may write to', () => {
  const target = RepoId.parse('Acme/model');
  it.each([[null], [['acme']], [['other', 'ACME']]])('%j allow Acme/model', (allowed) => {
    expect(() => assertTargetAllowed(target, allowed)).not.toThrow();
  });
  it.each([[['other']], [['acm']], [['acme/model']], [[]]])('%j refuse Acme/model', (allowed) => {
    expect(() => assertTargetAllowed(target, allowed)).toThrow(expect.objectContaining({ code: 'worker/target-refused' }));
  });
});
