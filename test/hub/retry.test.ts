import { afterEach, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { callJson, hubUrl } from '../../hub/call.js';
import { withMeter, type Hub } from '../../hub/hub.js';
import { config, signal, tiny, TOKEN, type TinyServer } from './support.js';

let server: TinyServer;
afterEach(() => {
  vi.useRealTimers();
  return server.close();
});

type Step = { status: number; headers?: Record<string, string>; body?: string } | 'reset';
const answering = async (...steps: Step[]) => {
  let at = 0;
  server = await tiny((request, answer) => {
    const step = steps[Math.min(at, steps.length - 1)]!;
    at += 1;
    if (step === 'reset') return void request.socket.destroy();
    answer.writeHead(step.status, step.headers).end(step.body ?? '{"ok":true}');
  });
  return { hub: config(server.url), count: () => at };
};
const call = (hub: Hub) => callJson(hub, { method: 'GET', url: hubUrl(hub, '/api/x?secret=1'), signal }, z.object({ ok: z.boolean() }));
const OK: Step = { status: 200 };

describe('a transient failure', () => {
  const TRANSIENT = [408, 421, 425, 500, 501, 502, 503, 504, 506, 507, 508, 520, 521, 522, 523, 524, 525, 526, 527, 530, 599];
  it.each<Step>(['reset', ...TRANSIENT.map((status) => ({ status }))])('%j is retried', async (step) => {
    const { hub, count } = await answering(step, step, OK);
    expect((await call(hub)).value).toEqual({ ok: true });
    expect(count()).toBe(3);
  });

  it.each<[number, number]>([
    [503, 65 * 1024],
    [503, 20 * 1024 * 1024],
  ])('%i with an error page of %i bytes is retried', async (status, length) => {
    const { hub, count } = await answering({ status, body: 'x'.repeat(length) }, OK);
    expect((await call(hub)).value).toEqual({ ok: true });
    expect(count()).toBe(2);
  });

  it('421 is retried on another connection', async () => {
    const sockets = new Set<unknown>();
    server = await tiny((request, answer) => {
      sockets.add(request.socket);
      answer.writeHead(sockets.size === 1 ? 421 : 200).end('{"ok":true}');
    });
    expect((await call(config(server.url))).value).toEqual({ ok: true });
    expect(sockets.size).toBe(2);
  });

  it('waits for the reset time of the rate limit', async () => {
    const { hub } = await answering({ status: 429, headers: { ratelimit: '"api";r=0;t=167' } }, OK);
    await call(hub);
    expect(hub.waits[0]).toBeGreaterThanOrEqual(168_000);
  });

  it('waits for the time of Retry-After, in seconds or as a date', async () => {
    const { hub } = await answering(
      { status: 503, headers: { 'retry-after': '20' } },
      { status: 503, headers: { 'retry-after': new Date(Date.now() + 60_000).toUTCString() } },
      OK,
    );
    await call(hub);
    expect(hub.waits[0]).toBeGreaterThanOrEqual(20_000);
    expect(hub.waits[1]).toBeGreaterThanOrEqual(55_000);
  });

  it('is reported to the meter with its reason', async () => {
    const { hub } = await answering({ status: 429 }, { status: 503 }, 'reset', OK);
    const reasons: string[] = [];
    const meter = {
      sent: () => undefined,
      received: () => undefined,
      partSent: () => undefined,
      retried: (reason: string) => void reasons.push(reason),
    };
    await call(withMeter(hub, meter));
    expect(reasons).toEqual(['hub/rate-limited', 'hub/unavailable', 'hub/connection']);
  });

  it('reports the time since its first failure', async () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    const { hub } = await answering({ status: 503 }, { status: 503 }, { status: 503 }, OK);
    const failing: number[] = [];
    const onRetry: Hub['onRetry'] = (_error, _waitMs, failingMs) => void failing.push(failingMs);
    const sleep = (): Promise<void> => Promise.resolve(void vi.advanceTimersByTime(40 * 60_000));
    await call({ ...hub, onRetry, machine: { ...hub.machine, clock: { ...hub.machine.clock, sleep } } });
    expect(failing).toEqual([0, 40 * 60_000, 80 * 60_000]);
  });

  it('is thrown after the configured number of attempts', async () => {
    const { hub, count } = await answering({ status: 503 });
    await expect(call({ ...hub, attempts: 3 })).rejects.toMatchObject({ kind: 'unavailable' });
    expect(count()).toBe(3);
  });
});

describe('a permanent failure', () => {
  it.each<[Step & object, string, string]>([
    [{ status: 401, body: '{"error":"Invalid username or password."}' }, 'access', 'hub/unauthorized'],
    [{ status: 403, headers: { 'x-error-code': 'GatedRepo' }, body: '{"error":"gated"}' }, 'access', 'hub/gated'],
    [{ status: 403, body: '{"error":"Private repository storage limit reached"}' }, 'quota', 'hub/quota'],
    [{ status: 403, body: '{"error":"Forbidden"}' }, 'access', 'hub/forbidden'],
    [{ status: 404, headers: { 'x-error-code': 'RepoNotFound' } }, 'not-found', 'hub/not-found'],
    [{ status: 404, headers: { 'x-error-code': 'RevisionNotFound' } }, 'not-found', 'hub/revision-not-found'],
    [{ status: 413 }, 'quota', 'hub/too-large'],
    [{ status: 505 }, 'conflict', 'hub/refused'],
    [{ status: 511 }, 'conflict', 'hub/refused'],
    [{ status: 400, body: 'bad' }, 'conflict', 'hub/refused'],
  ])('%j is thrown without a retry', async (step, kind, code) => {
    const { hub, count } = await answering(step);
    await expect(call(hub)).rejects.toMatchObject({ kind, code });
    expect(count()).toBe(1);
  });

  it('is classified by its status when its page is longer than the limit', async () => {
    const { hub } = await answering({ status: 403, body: `<html>Forbidden${'x'.repeat(70_000)}` });
    await expect(call(hub)).rejects.toMatchObject({ kind: 'access', code: 'hub/forbidden', message: expect.stringContaining('Forbidden') });
  });

  it('names the token only when one was sent', async () => {
    const { hub } = await answering({ status: 403 });
    const { token: _token, ...without } = hub;
    await expect(call(hub)).rejects.toMatchObject({ hint: expect.stringContaining('This token') });
    await expect(call(without)).rejects.toMatchObject({ hint: expect.stringContaining('No token was sent') });
  });

  it.each(['x-request-id', 'x-amz-request-id', 'x-amz-cf-id'])('names its request by %s', async (header) => {
    const { hub } = await answering({ status: 403, headers: { [header]: 'Root=1-abc' } });
    await expect(call(hub)).rejects.toMatchObject({ message: expect.stringContaining('(request Root=1-abc)') });
  });

  it('has the answer of the Hub and the request id in one line, without query or token', async () => {
    const { hub } = await answering({
      status: 403,
      headers: { 'x-request-id': 'Root=1-abc' },
      body: JSON.stringify({ error: `no\n\u001b[31m ${'x'.repeat(999)}` }),
    });
    const error: unknown = await call(hub).catch((thrown: unknown) => thrown);
    const text = String(error);
    expect(text).toContain('request Root=1-abc');
    expect(text).not.toMatch(new RegExp(`secret=1|${TOKEN}|\u001b|\n`));
    expect(text.length).toBeLessThan(600);
  });
});

it('refuses a redirect to another origin', async () => {
  const { hub } = await answering({ status: 307, headers: { location: 'http://127.0.0.1:1/api' } });
  await expect(call(hub)).rejects.toMatchObject({ message: expect.stringContaining('another origin') });
});

it('does not send the token to another origin', async () => {
  const { hub } = await answering(OK);
  await expect(callJson(hub, { method: 'GET', url: new URL('http://127.0.0.1:1/x'), signal }, z.unknown())).rejects.toMatchObject({
    code: 'hub/token-origin',
  });
});
