import type { RequestListener } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { afterEach, describe, expect, it } from 'vitest';
import { Sha256 } from '../../core/ids.js';
import type { Hub } from '../../hub/hub.js';
import { openFile } from '../../hub/read/range.js';
import { COMMIT, config, startTestHub, REPO, signal, tiny, TOKEN, type TestHub, type TinyServer } from './support.js';

const DATA = Buffer.from(Array.from({ length: 4000 }, (_, at) => at % 251));
const FILE = { repo: REPO, commit: COMMIT, path: 'model.safetensors', size: DATA.length, lfs: Sha256.parse('b'.repeat(64)) };

const open: TinyServer[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close()));
});
const serve = async (listener: RequestListener): Promise<TinyServer> => {
  const server = await tiny(listener);
  open.push(server);
  return server;
};

/** A hub that redirects to a content server with the given behaviour. */
const withContent = async (content: RequestListener, headers: Record<string, string> = {}) => {
  const seen: (string | undefined)[] = [];
  let resolves = 0;
  const cdn = await serve((request, answer) => {
    seen.push(request.headers.authorization);
    content(request, answer);
  });
  const hub = await serve((_, answer) => {
    resolves += 1;
    answer
      .writeHead(302, {
        location: `${cdn.url}/signed?X-Signature=secret`,
        'x-linked-size': String(DATA.length),
        'x-linked-etag': `"${FILE.lfs}"`,
        'x-repo-commit': COMMIT,
        ...headers,
      })
      .end();
  });
  return { hub, seen, resolves: () => resolves };
};

const rangeOf = (header: string | undefined): [number, number] => {
  const [, begin, end] = /bytes=(\d+)-(\d+)/.exec(header ?? '')!;
  return [Number(begin), Number(end) + 1];
};
const honest: RequestListener = (request, answer) => {
  const [begin, end] = rangeOf(request.headers.range);
  answer.writeHead(206, { 'content-range': `bytes ${begin}-${end - 1}/${DATA.length}` }).end(DATA.subarray(begin, end));
};
const read = (url: string, begin: number, end: number, over: Partial<Hub> = {}) =>
  buffer(openFile(config(url, over), FILE).read(begin, end, signal));

describe('a range', () => {
  it('is read from the redirect target of the Hub, without the token', async () => {
    const { hub, seen } = await withContent(honest);
    expect(await read(hub.url, 100, 900)).toEqual(DATA.subarray(100, 900));
    expect(seen).toEqual([undefined]);
  });

  it('requests its URL once', async () => {
    const { hub, resolves } = await withContent(honest);
    const reader = openFile(config(hub.url), FILE);
    await Promise.all([0, 1, 2].map((at) => buffer(reader.read(at * 100, at * 100 + 50, signal))));
    expect(resolves()).toBe(1);
  });

  it('resumes after the last byte when the connection is cut', async () => {
    let cuts = 0;
    const { hub } = await withContent((request, answer) => {
      const [begin, end] = rangeOf(request.headers.range);
      answer.writeHead(206, { 'content-range': `bytes ${begin}-${end - 1}/${DATA.length}`, 'content-length': end - begin });
      if (cuts >= 3) return void answer.end(DATA.subarray(begin, end));
      cuts += 1;
      answer.write(DATA.subarray(begin, begin + 300), () => answer.destroy());
    });
    expect(await read(hub.url, 10, 3990)).toEqual(DATA.subarray(10, 3990));
    expect(cuts).toBe(3);
  });

  /** Cuts this many responses before their first byte. */
  const cutting = async (cuts: number) =>
    withContent((request, answer) => {
      if (cuts === 0) return honest(request, answer);
      cuts -= 1;
      const [begin, end] = rangeOf(request.headers.range);
      answer.writeHead(206, { 'content-range': `bytes ${begin}-${end - 1}/${DATA.length}`, 'content-length': end - begin });
      answer.flushHeaders();
      setImmediate(() => answer.destroy());
    });

  it('fails after its attempts when every response is cut before its first byte', async () => {
    const { hub } = await cutting(Infinity);
    await expect(read(hub.url, 0, 10, { attempts: 6 })).rejects.toMatchObject({ code: 'hub/connection', kind: 'unavailable' });
  });

  it('is retried without a limit by default, and reports the reason and the duration of the failure', async () => {
    const { hub } = await cutting(12);
    const retries: { code: string; failingMs: number }[] = [];
    const onRetry: Hub['onRetry'] = ({ code }, _waitMs, failingMs) => void retries.push({ code, failingMs });
    expect(await read(hub.url, 0, 10, { onRetry })).toEqual(DATA.subarray(0, 10));
    expect(retries).toHaveLength(12);
    expect(new Set(retries.map(({ code }) => code))).toEqual(new Set(['hub/connection']));
    expect(retries.at(-1)!.failingMs).toBeGreaterThan(retries[0]!.failingMs);
  });

  it('requests a new URL when the old one has expired', async () => {
    let refused = 0;
    const { hub, resolves } = await withContent((request, answer) => {
      if (refused > 0) return honest(request, answer);
      refused += 1;
      answer.writeHead(403).end('Request has expired');
    });
    expect(await read(hub.url, 0, 10)).toEqual(DATA.subarray(0, 10));
    expect(resolves()).toBe(2);
  });

  it.each<[string, RequestListener, string]>([
    ['ignores the range', (_, answer) => void answer.writeHead(200).end(DATA), 'hub/range-ignored'],
    [
      'sends another range',
      (_, answer) => void answer.writeHead(206, { 'content-range': `bytes 0-9/${DATA.length}` }).end(DATA.subarray(0, 10)),
      'hub/range-differs',
    ],
    [
      'reports another size',
      (_, answer) => void answer.writeHead(206, { 'content-range': 'bytes 5-14/77' }).end(DATA.subarray(5, 15)),
      'hub/range-differs',
    ],
    ['sends no Content-Range', (_, answer) => void answer.writeHead(206).end(DATA.subarray(5, 15)), 'hub/range-differs'],
    [
      'sent more bytes',
      (_, answer) => void answer.writeHead(206, { 'content-range': `bytes 5-14/${DATA.length}` }).end(DATA),
      'hub/range-differs',
    ],
  ])('is refused from a server that %s', async (_, content, code) => {
    const { hub } = await withContent(content);
    await expect(read(hub.url, 5, 15)).rejects.toMatchObject({ code });
  });

  it.each([[{ 'x-linked-etag': `"${'c'.repeat(64)}"` }], [{ 'x-linked-size': '1' }], [{ 'x-repo-commit': 'b'.repeat(40) }]])(
    'is refused when the Hub links another object: %j',
    async (headers: Record<string, string>) => {
      const { hub } = await withContent(honest, headers);
      await expect(read(hub.url, 5, 15)).rejects.toMatchObject({ code: 'hub/file-differs' });
    },
  );

  it('is refused when its ETag changes between reads, unless the ETag is weak', async () => {
    const withEtags = (etag: (at: number) => string): RequestListener => {
      let answers = 0;
      return (request, answer) => {
        const [begin, end] = rangeOf(request.headers.range);
        answers += 1;
        answer
          .writeHead(206, { 'content-range': `bytes ${begin}-${end - 1}/${DATA.length}`, etag: etag(answers) })
          .end(DATA.subarray(begin, end));
      };
    };
    const readTwice = async (content: RequestListener) => {
      const { hub } = await withContent(content);
      const reader = openFile(config(hub.url), FILE);
      await buffer(reader.read(0, 10, signal));
      return buffer(reader.read(10, 20, signal));
    };
    await expect(readTwice(withEtags((at) => `"v${at}"`))).rejects.toMatchObject({ code: 'hub/version-differs' });
    expect(await readTwice(withEtags(() => '"v1"'))).toEqual(DATA.subarray(10, 20));
    expect(await readTwice(withEtags((at) => `W/"v${at}"`))).toEqual(DATA.subarray(10, 20));
  });

  it('fails without the signature or the token in its message', async () => {
    const { hub } = await withContent((_, answer) => void answer.writeHead(404).end('gone'));
    const error: unknown = await read(hub.url, 5, 15).catch((thrown: unknown) => thrown);
    expect(String(error)).not.toMatch(new RegExp(`Signature|${TOKEN}`));
  });

  it('shows only the start of an error page of another host', async () => {
    const { hub } = await withContent((_, answer) => void answer.writeHead(400).end(`<html>${'internal page '.repeat(500)}`));
    const error: unknown = await read(hub.url, 5, 15).catch((thrown: unknown) => thrown);
    expect(String(error)).toMatch(/: 400: <html>internal page .{80,100}…$/);
  });

  it('fails in a redirect loop with a message', async () => {
    const hub = await serve((request, answer) => void answer.writeHead(302, { location: `${request.url}x` }).end());
    await expect(read(hub.url, 5, 15)).rejects.toMatchObject({ message: expect.stringContaining('redirects too many times') });
  });
});

describe('the local hub', () => {
  let test: TestHub;
  afterEach(() => test.close());

  it('serves ranges of an LFS file and of a plain file', async () => {
    test = await startTestHub();
    await test.hub.admin.createRepo(REPO);
    const commit = await test.hub.admin.commitFiles(
      REPO,
      new Map([
        ['m.safetensors', DATA],
        ['plain.txt', Buffer.from('hello world')],
      ]),
      { message: 'x' },
    );
    const lfs = { repo: REPO, commit, path: 'm.safetensors', size: DATA.length, lfs: null };
    expect(await buffer(openFile(test.client, lfs).read(1000, 3000, signal))).toEqual(DATA.subarray(1000, 3000));
    expect((await buffer(openFile(test.client, { ...lfs, path: 'plain.txt', size: 11 }).read(6, 11, signal))).toString()).toBe('world');
  });
});
