import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { createServer, type Server, type Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { attempt, callJson, hubUrl } from '../../hub/call.js';
import type { Hub } from '../../hub/hub.js';
import { openFile } from '../../hub/read/range.js';
import { COMMIT, config, REPO, signal, tiny, type TinyServer } from './support.js';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const KIB = 1024;

let server: TinyServer;
beforeEach(() => void vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'setTimeout', 'clearTimeout', 'performance'] }));
afterEach(async () => {
  vi.useRealTimers();
  await server.close();
});

/** Waits in real time until a condition holds, so that bytes can travel. */
const until = async (isDone: () => boolean): Promise<void> => {
  while (!isDone()) await turn();
};
/** Lets written bytes arrive. */
const settle = async (): Promise<void> => {
  for (let at = 0; at < 50; at += 1) await turn();
};
const serve = async (listener: RequestListener): Promise<Hub> => {
  server = await tiny(listener);
  return config(server.url, { attempts: 1 });
};
const serveRaw = async (onRequest: (socket: Socket) => void): Promise<Hub> => {
  const sockets = new Set<Socket>();
  const raw: Server = createServer((socket) => {
    sockets.add(socket.on('error', () => undefined));
    socket.once('data', () => onRequest(socket));
  });
  await new Promise<void>((resolve) => raw.listen(0, '127.0.0.1', resolve));
  const close = (): Promise<void> => {
    for (const socket of sockets) socket.destroy();
    return new Promise((resolve) => raw.close(() => resolve()));
  };
  server = { url: `http://127.0.0.1:${(raw.address() as { port: number }).port}`, close };
  return config(server.url, { attempts: 1 });
};
const call = (hub: Hub, over: object = {}) => callJson(hub, { method: 'GET', url: hubUrl(hub, '/api/x'), signal, ...over }, z.unknown());
/** Advances the clock and calls `each`, until the promise is rejected. Returns the minutes that passed. */
const minutesUntilCut = async (running: Promise<unknown>, everySeconds: number, each: () => void, most = 60): Promise<number> => {
  const thrown: unknown[] = [];
  running.catch((error: unknown) => thrown.push(error));
  let seconds = 0;
  while (thrown.length === 0 && seconds < most * 60) {
    each();
    await settle();
    vi.advanceTimersByTime(everySeconds * SECOND);
    await settle();
    seconds += everySeconds;
  }
  expect(thrown[0]).toMatchObject({ kind: 'unavailable', code: 'hub/too-slow' });
  return seconds / 60;
};

const FILE = { repo: REPO, commit: COMMIT, path: 'm.safetensors', size: 1_000_000, lfs: null };
const rangeHeaders = { 'content-range': `bytes 0-999999/${FILE.size}`, 'content-length': FILE.size };
/** A hub that answers a range with a body that the test writes. */
const servingBody = async () => {
  const answers: ServerResponse[] = [];
  const hub = await serve((request, answer) => {
    if (request.method === 'HEAD') return void answer.end();
    answers.push(answer);
    answer.writeHead(206, rangeHeaders).flushHeaders();
  });
  return { hub, answers };
};

describe('a received body', () => {
  it('is cut within three minutes when it arrives byte by byte', async () => {
    const { hub, answers } = await servingBody();
    const reading = (async () => {
      for await (const _ of openFile(hub, FILE).read(0, FILE.size, signal));
    })();
    await until(() => answers.length > 0);
    expect(await minutesUntilCut(reading, 40, () => answers[0]?.write('x'))).toBeLessThanOrEqual(3);
  });

  it('is accepted when it is slow but steady', async () => {
    const { hub, answers } = await servingBody();
    let received = 0;
    const reading = (async () => {
      for await (const chunk of openFile(hub, FILE).read(0, FILE.size, signal)) received += chunk.byteLength;
    })();
    await until(() => answers.length > 0);
    for (let sent = 0; sent < FILE.size; sent += 80 * KIB) {
      answers[0]!.write(Buffer.alloc(Math.min(80 * KIB, FILE.size - sent)));
      await settle();
      vi.advanceTimersByTime(80 * SECOND);
    }
    await reading;
    expect(received).toBe(FILE.size);
    expect(answers).toHaveLength(1);
  });

  it('is not cut while the consumer does not read it', async () => {
    const { hub, answers } = await servingBody();
    const bytes = openFile(hub, FILE).read(0, FILE.size, signal)[Symbol.asyncIterator]();
    const first = bytes.next();
    await until(() => answers.length > 0);
    answers[0]!.end(Buffer.alloc(FILE.size));
    let received = (await first).value!.byteLength as number;
    await settle();
    vi.advanceTimersByTime(60 * MINUTE);
    await settle();
    for (let next = await bytes.next(); next.done !== true; next = await bytes.next()) received += next.value.byteLength;
    expect(received).toBe(FILE.size);
    expect(answers).toHaveLength(1);
  });

  it('is cut after ten minutes when it is endless JSON', async () => {
    let answer: ServerResponse | undefined;
    const hub = await serve((_, response) => (answer = response).writeHead(200).flushHeaders());
    const calling = call(hub);
    await until(() => answer !== undefined);
    const minutes = await minutesUntilCut(calling, 60, () => answer?.write(' '.repeat(100 * KIB)));
    expect(minutes).toBeGreaterThanOrEqual(10);
    expect(minutes).toBeLessThanOrEqual(12);
  });
});

describe('a response that does not arrive', () => {
  it('is cut after 90 seconds without a byte', async () => {
    let incoming: IncomingMessage | undefined;
    const hub = await serve((request) => void (incoming = request));
    const calling = call(hub);
    await until(() => incoming !== undefined);
    const minutes = await minutesUntilCut(calling, 10, () => undefined);
    expect(minutes).toBeGreaterThanOrEqual(1.5);
    expect(minutes).toBeLessThanOrEqual(2);
  });

  it('is cut later when the request allows a longer silence', async () => {
    let incoming: IncomingMessage | undefined;
    const hub = await serve((request) => void (incoming = request));
    const calling = call(hub, { method: 'POST', body: Buffer.from('{}'), idleMs: 3 * MINUTE });
    await until(() => incoming !== undefined);
    expect(await minutesUntilCut(calling, 10, () => undefined)).toBeGreaterThanOrEqual(3);
  });

  it('is cut after five minutes when it arrives header by header', async () => {
    let socket: Socket | undefined;
    const hub = await serveRaw((connected) => void (socket = connected).write('HTTP/1.1 200 OK\r\n'));
    const calling = call(hub);
    await until(() => socket !== undefined);
    const minutes = await minutesUntilCut(calling, 40, () => socket?.write('x: y\r\n'));
    expect(minutes).toBeGreaterThanOrEqual(5);
    expect(minutes).toBeLessThanOrEqual(7);
  });

  it('is cut when its error page arrives byte by byte', async () => {
    let answer: ServerResponse | undefined;
    const hub = await serve((_, response) => (answer = response).writeHead(403).flushHeaders());
    const calling = call(hub);
    await until(() => answer !== undefined);
    expect(await minutesUntilCut(calling, 40, () => answer?.write('x'))).toBeLessThanOrEqual(3);
  });
});

describe('a sent body', () => {
  const put = (hub: Hub, length: number, open: () => Readable) =>
    attempt(hub, { method: 'PUT', url: hubUrl(hub, '/put'), withoutToken: true, signal, body: { length, open } });

  it('is cut after two minutes when the server does not read it', async () => {
    let incoming = false;
    const hub = await serveRaw((socket) => {
      incoming = true;
      socket.pause();
    });
    const length = 64 * 1024 * KIB;
    const putting = put(hub, length, () => Readable.from([Buffer.alloc(length)]));
    await until(() => incoming);
    const minutes = await minutesUntilCut(putting, 10, () => undefined);
    expect(minutes).toBeGreaterThanOrEqual(2);
    expect(minutes).toBeLessThanOrEqual(4.5);
  });

  it('is not cut when our own source is slow', async () => {
    let received = 0;
    const hub = await serve((request, answer) => {
      request.on('data', (chunk: Buffer) => (received += chunk.byteLength)).on('end', () => answer.end());
    });
    let unpause = (): void => undefined;
    const paused = new Promise<void>((resolve) => (unpause = resolve));
    const putting = put(hub, 2 * KIB, () =>
      Readable.from(
        (async function* () {
          yield Buffer.alloc(KIB);
          await paused;
          yield Buffer.alloc(KIB);
        })(),
      ),
    );
    await until(() => received === KIB);
    vi.advanceTimersByTime(60 * MINUTE);
    await settle();
    unpause();
    const answer = await putting;
    answer.body.resume();
    expect(answer.status).toBe(200);
  });
});
