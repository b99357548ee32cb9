import type { IncomingHttpHeaders, RequestListener, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Hub } from '../../hub/hub.js';
import { AdaptiveConcurrency } from '../../hub/write/adaptive-concurrency.js';
import type { MultipartInstructions } from '../../hub/write/lfs-batch.js';
import type { PartJournal } from '../../hub/write/part-journal.js';
import { isGracefulStop, sendParts, sendWhole, type SendOptions } from '../../hub/write/send-object.js';
import { config, emptyJournal, fileOf, signal, tiny, TOKEN, type TinyServer } from './support.js';

const PARTS = 6;
const FILE = fileOf('m.safetensors', Buffer.from('0123456789ab'));

interface Received {
  readonly line: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

let server: TinyServer;
let hub: Hub & { readonly waits: number[] };
let journal: PartJournal;
let received: Received[];
/** Answers a request after its body has arrived; by default with an ETag. */
let answer: (line: string, response: ServerResponse) => void;
beforeEach(async () => {
  received = [];
  answer = (_, response) => response.writeHead(200, { etag: '"tag"' }).end();
  const listener: RequestListener = (request, response) =>
    void text(request).then((body) => {
      const line = `${request.method} ${request.url}`;
      received.push({ line, headers: request.headers, body });
      answer(line, response);
    });
  server = await tiny(listener);
  hub = config(server.url);
  journal = await emptyJournal();
});
afterEach(async () => {
  await journal.close();
  await server.close();
});

const urlOf = (path: string): URL => new URL(path, server.url);
const actionOf = (path: string, headers: Readonly<Record<string, string>> = {}) => ({ url: urlOf(path), headers });
const lines = (): string[] => received.map(({ line }) => line);
const optionsWith = (over: Partial<SendOptions> = {}): SendOptions => ({
  signal,
  concurrency: new AdaptiveConcurrency(),
  shouldStop: () => false,
  onBytes: () => undefined,
  ...over,
});
const sendInParts = (
  over: Partial<SendOptions> = {},
  verify: MultipartInstructions['verify'] = null,
  etags = new Map<number, string>(),
) => {
  const parts = Array.from({ length: PARTS }, (_, at) => ({ number: at + 1, url: urlOf(`/${at + 1}`), begin: at * 2, end: at * 2 + 2 }));
  const instructions: MultipartInstructions = { kind: 'multipart', complete: actionOf('/complete'), verify, parts };
  return sendParts(hub, FILE, { instructions, etags }, journal, optionsWith(over));
};
const sendInOne = (over: Partial<SendOptions> = {}, verify: MultipartInstructions['verify'] = null) =>
  sendWhole(hub, FILE, { kind: 'basic', upload: actionOf('/put', { 'x-for-put': '1' }), verify }, optionsWith(over));

describe('an object that is sent in one request', () => {
  it('is sent with the headers of its address, without the token', async () => {
    await sendInOne();
    expect(lines()).toEqual(['PUT /put']);
    expect(received[0]).toMatchObject({ body: '0123456789ab', headers: { 'x-for-put': '1', 'content-length': '12' } });
    expect(received[0]!.headers.authorization).toBeUndefined();
  });

  it.each<[string, Record<string, string>, string]>([
    ['the token', { 'x-for-verify': '2' }, `Bearer ${TOKEN}`],
    ['the authorization of its address', { 'x-for-verify': '2', Authorization: 'Basic abc' }, 'Basic abc'],
  ])('is verified with its digest, its size and %s', async (_, headers, authorization) => {
    await sendInOne({}, actionOf('/verify', headers));
    expect(lines()).toEqual(['PUT /put', 'POST /verify']);
    expect(received[1]!.headers).toMatchObject({ authorization, 'x-for-verify': '2', 'content-type': 'application/json' });
    expect(JSON.parse(received[1]!.body)).toEqual({ oid: FILE.sha256, size: 12 });
  });

  it('is verified without the token at another origin', async () => {
    const url = new URL('/verify', server.url.replace('127.0.0.1', 'localhost'));
    await sendInOne({}, { url, headers: {} });
    expect(lines()).toEqual(['PUT /put', 'POST /verify']);
    expect(received[1]!.headers.authorization).toBeUndefined();
  });
});

describe('an object that is sent in parts', () => {
  it('is completed with the tags of all parts in order, without the token, and then verified', async () => {
    answer = (line, response) => response.writeHead(200, { etag: `"tag ${line.split('/')[1]}"` }).end();
    await sendInParts({}, actionOf('/verify'), new Map([[2, '"earlier"']]));
    expect(lines().slice(0, -2).toSorted()).toEqual(['PUT /1', 'PUT /3', 'PUT /4', 'PUT /5', 'PUT /6']);
    const [complete, verify] = received.slice(-2);
    expect([complete!.line, verify!.line]).toEqual(['POST /complete', 'POST /verify']);
    const tags = ['"tag 1"', '"earlier"', '"tag 3"', '"tag 4"', '"tag 5"', '"tag 6"'];
    const parts = tags.map((etag, at) => ({ partNumber: at + 1, etag }));
    expect(JSON.parse(complete!.body)).toEqual({ oid: FILE.sha256, parts });
    expect(complete!.headers.authorization).toBeUndefined();
    expect(JSON.parse(verify!.body)).toEqual({ oid: FILE.sha256, size: 12 });
  });

  it('is not verified when the Hub names no address for it', async () => {
    await sendInParts();
    expect(lines().at(-1)).toBe('POST /complete');
  });

  it('is not completed when a part has no ETag', async () => {
    answer = (line, response) => response.writeHead(200, line === 'PUT /3' ? {} : { etag: '"tag"' }).end();
    await expect(sendInParts()).rejects.toMatchObject({ kind: 'integrity', code: 'hub/no-etag' });
    expect(lines()).not.toContain('POST /complete');
  });

  it.each(['complete', 'verify'])('is sent again only in the request to %s it when that request fails', async (path) => {
    let failures = 2;
    answer = (line, response) => {
      if (line === `POST /${path}` && (failures -= 1) >= 0) response.writeHead(503).end();
      else response.writeHead(200, { etag: '"tag"' }).end();
    };
    await sendInParts({}, actionOf('/verify'));
    expect(lines().filter((line) => line === `POST /${path}`)).toHaveLength(3);
    expect(received).toHaveLength(PARTS + 4);
  });

  it('is given up when a part is refused, and its parts in flight are aborted', async () => {
    answer = (line, response) => {
      if (line === 'PUT /1') setTimeout(() => response.writeHead(400).end(), 50);
    };
    await expect(sendInParts()).rejects.toMatchObject({ code: 'hub/refused' });
    expect(lines()).not.toContain('POST /complete');
  });
});

describe('the count of sent bytes', () => {
  it('is the size of the file after a request is sent again', async () => {
    let failures = 1;
    answer = (_, response) => void response.writeHead((failures -= 1) >= 0 ? 503 : 200).end();
    const counts: number[] = [];
    await sendInOne({ onBytes: (bytes) => void counts.push(bytes) });
    expect(counts.reduce((sum, bytes) => sum + bytes, 0)).toBe(12);
    expect(Math.min(...counts)).toBe(-12);
  });

  it('is zero after a request that is refused', async () => {
    answer = (_, response) => void response.writeHead(400).end();
    const counts: number[] = [];
    await expect(sendInOne({ onBytes: (bytes) => void counts.push(bytes) })).rejects.toMatchObject({ code: 'hub/refused' });
    expect(counts.reduce((sum, bytes) => sum + bytes, 0)).toBe(0);
    expect(Math.max(...counts)).toBe(12);
  });

  it('reaches the meter with every request, and each accepted request counts once', async () => {
    let failures = 1;
    answer = (_, response) => void response.writeHead((failures -= 1) >= 0 ? 503 : 200, { etag: '"tag"' }).end();
    const meter = { sent: vi.fn<(bytes: number) => void>(), received: vi.fn(), partSent: vi.fn(), retried: vi.fn() };
    hub = { ...hub, meter };
    await sendInParts();
    expect(meter.sent.mock.calls.reduce((sum, [bytes]) => sum + bytes, 0)).toBe(12 + 2);
    expect(meter.partSent).toHaveBeenCalledTimes(PARTS);
  });
});

describe('a server that is overloaded', () => {
  it('gets fewer concurrent requests, and the retry is reported', async () => {
    let failures = 1;
    answer = (_, response) => void response.writeHead((failures -= 1) >= 0 ? 503 : 200).end();
    const concurrency = new AdaptiveConcurrency();
    const before = concurrency.count;
    const onRetry = vi.fn<NonNullable<Hub['onRetry']>>();
    hub = { ...hub, onRetry };
    await sendInOne({ concurrency });
    expect(concurrency.count).toBe(before / 2);
    expect(onRetry.mock.calls).toEqual([[expect.objectContaining({ code: 'hub/unavailable' }), hub.waits[0], expect.any(Number)]]);
  });
});

describe('a worker that stops', () => {
  it('sends nothing more', async () => {
    const error: unknown = await sendInOne({ shouldStop: () => true }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ kind: 'unavailable', code: 'hub/stopping' });
    expect(isGracefulStop(error)).toBe(true);
    expect(received).toEqual([]);
  });

  it('finishes and records the parts in flight', async () => {
    const concurrency = new AdaptiveConcurrency();
    const inFlight = concurrency.count;
    const held: ServerResponse[] = [];
    const accept = (response: ServerResponse): void => void response.writeHead(200, { etag: '"tag"' }).end();
    answer = (_, response) => {
      held.push(response);
      if (held.length !== inFlight) return;
      accept(held[0]!);
      setTimeout(() => held.slice(1).forEach(accept), 100);
    };
    const recorded = vi.spyOn(journal, 'sent');
    await expect(sendInParts({ concurrency, shouldStop: () => held.length >= inFlight })).rejects.toMatchObject({ code: 'hub/stopping' });
    expect(received).toHaveLength(inFlight);
    expect(recorded).toHaveBeenCalledTimes(inFlight);
  });

  it('sends nothing after it was cancelled', async () => {
    const cancelled = AbortSignal.abort(new Error('cancelled'));
    await expect(sendInOne({ signal: cancelled })).rejects.toThrow('cancelled');
    expect(received).toEqual([]);
  });
});
