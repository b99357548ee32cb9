import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { Secret } from '../../core/secret.js';
import { RateBudget } from '../../hub/budget.js';
import { attempt, callJson, hubUrl } from '../../hub/call.js';
import { openHub, withBudget, withOnRetry, withOwnConnections, withToken, withUploadRate, type Hub } from '../../hub/hub.js';
import type { SeparateTransport, TransportRequest } from '../../hub/transport.js';
import { machineWithClock } from '../support/machine.js';
import { signal, TOKEN } from './support.js';

let requests: TransportRequest[];
let via: string[];
let slept: number[];
/** Headers of every answer. */
let headers: Record<string, string>;
let hub: Hub;

/** A transport that answers every request with `{}` and records it, with the connections that it came over. */
const recording = (connections: string): SeparateTransport => ({
  exchange: async (request) => {
    const { body } = request;
    if (body !== undefined && !(body instanceof Uint8Array)) await buffer(body.open());
    requests.push(request);
    via.push(connections);
    return { status: 200, headers, body: Readable.from([Buffer.from('{}')]) };
  },
  separate: () => recording('separate'),
  close: () => undefined,
});

beforeEach(() => {
  requests = [];
  via = [];
  slept = [];
  headers = {};
  let time = 0;
  const sleep = (milliseconds: number): Promise<void> => {
    slept.push(milliseconds);
    time += milliseconds;
    return Promise.resolve();
  };
  hub = openHub(
    { endpoint: new URL('https://hub.example'), token: new Secret(TOKEN) },
    machineWithClock({ now: () => time, elapsed: () => time, sleep }),
    { transport: recording('shared') },
  );
});
const get = (from: Hub): Promise<unknown> => callJson(from, { method: 'GET', url: hubUrl(from, '/api/x?secret=1'), signal }, z.object({}));
const put = (to: Hub, length: number): Promise<unknown> =>
  attempt(to, {
    method: 'PUT',
    url: new URL('https://storage.example/x'),
    withoutToken: true,
    signal,
    body: { length, open: () => Readable.from([Buffer.alloc(length)]) },
  });

it('sends each request over its transport, with all headers and a name without the query', async () => {
  await get(hub);
  expect(requests).toMatchObject([
    { name: 'GET https://hub.example/api/x', method: 'GET', headers: { 'user-agent': 'swp', authorization: `Bearer ${TOKEN}` } },
  ]);
});

it('sends the token to the Hub only', async () => {
  await put(hub, 1);
  expect(requests[0]?.headers).not.toHaveProperty('authorization');
  await expect(attempt(hub, { method: 'GET', url: new URL('https://storage.example/x'), signal })).rejects.toMatchObject({
    code: 'hub/token-origin',
  });
});

it('keeps hiding its earlier token', () => {
  const other = withToken(hub, new Secret('hf_another'));
  expect(other.redact(`${TOKEN} hf_another`)).not.toMatch(/hf_/);
});

it('reports a retry to all who asked', () => {
  const reports: string[] = [];
  const twice = withOnRetry(
    withOnRetry(hub, () => void reports.push('first')),
    () => void reports.push('second'),
  );
  twice.onRetry(new Error('x') as never, 0, 0);
  expect(reports.toSorted()).toEqual(['first', 'second']);
});

describe.each<[string, (from: Hub) => Hub, string]>([
  ['shared', (from) => from, 'shared'],
  ['own', (from) => withOwnConnections(from).hub, 'separate'],
])('over %s connections', (_, connect, connections) => {
  it('throttles the files that are sent', async () => {
    const slow = connect(withUploadRate(hub, 1000));
    await put(slow, 5000);
    await get(slow);
    expect(slept).toEqual([5000]);
    expect(via).toEqual([connections, connections]);
  });

  it('reads the rate limit from each answer of the Hub', async () => {
    headers = { ratelimit: '"api";r=50;t=60', 'ratelimit-policy': '"fixed window";"api";q=100;w=300' };
    const careful = connect(withBudget(hub, new RateBudget(hub.machine.clock)));
    for (let at = 0; at < 2; at += 1) await get(careful);
    expect(slept).toEqual([60_000]);
  });

  it('leaves the rest of the rate limit to other work', async () => {
    const budget = new RateBudget(hub.machine.clock);
    budget.observe({ ratelimit: '"api";r=0;t=60', 'ratelimit-policy': '"fixed window";"api";q=100;w=300' });
    const careful = connect(withBudget(hub, budget));
    // The storage has no rate limit.
    await put(careful, 1);
    expect(slept).toEqual([]);
    await get(careful);
    expect(slept).toEqual([60_000]);
    expect(via).toEqual([connections, connections]);
  });
});
