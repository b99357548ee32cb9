import { mkdtemp, readFile, rm } from 'node:fs/promises';
import type { RequestListener } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { stripControls } from '../../client/output/strip-controls.js';
import { messageOf } from '../../core/error.js';
import { THIS_MACHINE } from '../../core/this-machine.js';
import { Secret } from '../../core/secret.js';
import { readCollection } from '../../hub/collections.js';
import { CollectionSlug, Sha256 } from '../../core/ids.js';
import { callJson, hubUrl } from '../../hub/call.js';
import { hubConfigFromEnv } from '../../hub/hub-config.js';
import { withToken, type Hub } from '../../hub/hub.js';
import { readSmallFile } from '../../hub/read/read-small-file.js';
import { openFile } from '../../hub/read/range.js';
import { readRepo } from '../../hub/read/repo.js';
import { lfsBatch, type MultipartInstructions } from '../../hub/write/lfs-batch.js';
import { PartJournal } from '../../hub/write/part-journal.js';
import { COMMIT, config, fileOf, REPO, signal, tiny, type TinyServer } from './support.js';

const TOKEN = 'hf_AbCdEfGhIjKlMnOpQrStUvWxYzAbCdEfGh';
/** Not in the format of Hub tokens: another server may issue tokens of any format. */
const PLAIN = 'corp/Token+of=the~next-department';

let server: TinyServer;
afterEach(() => server.close());
const hubAt = async (listener: RequestListener, token = TOKEN) => {
  server = await tiny(listener);
  return config(server.url, { token: new Secret(token), attempts: 1 });
};
/** A response that contains the token of its request. */
const answering = (status: number, body: (token: string) => string, headers: (token: string) => Record<string, string> = () => ({})) =>
  ((request, answer) => {
    const token = request.headers.authorization?.slice('Bearer '.length) ?? '';
    answer.writeHead(status, headers(token)).end(body(token));
  }) satisfies RequestListener;
const messageAfter = async (run: () => Promise<unknown>): Promise<string> => {
  const error: unknown = await run().then(
    () => new Error('nothing was thrown'),
    (thrown: unknown) => thrown,
  );
  return messageOf(error);
};
const call = (hub: Hub) => () => callJson(hub, { method: 'GET', url: hubUrl(hub, '/api/x'), signal }, z.object({ ok: z.boolean() }));

/** No 8 consecutive characters of the token may appear, in upper or lower case. */
const expectHidden = (message: string, token = TOKEN): void => {
  for (const clean of [message, stripControls(message), message.replaceAll(/[^!-~]/g, '')])
    for (let at = 3; at + 8 <= token.length; at += 1) expect(clean.toLowerCase()).not.toContain(token.slice(at, at + 8).toLowerCase());
};

describe.each([TOKEN, PLAIN])('a hub that repeats the token %s', (token) => {
  const spread = (text: string): string => text.replaceAll(/.{4}/g, '$&\u200b');
  it.each<[string, RequestListener]>([
    ['in JSON', answering(400, (found) => JSON.stringify({ error: `no ${found}` }))],
    ['in plain text', answering(400, (found) => `no ${found}`)],
    ['at the cut of a message', answering(400, (found) => JSON.stringify({ error: `${'x'.repeat(280)} ${found}` }))],
    ['at the cut of the body', answering(400, (found) => `${'\n'.repeat(64 * 1024 - 39)}${found}${'y'.repeat(9)}`)],
    ['spread out', answering(400, (found) => spread(found))],
    ['with control characters', answering(400, (found) => Array.from(found).join('\u0001'))],
    ['in lines', answering(400, (found) => Array.from(found).join('\n'))],
    ['escaped', answering(400, (found) => encodeURIComponent(found))],
    [
      'in X-Error-Message',
      answering(
        400,
        () => '',
        (found) => ({ 'x-error-message': `no ${found}` }),
      ),
    ],
    [
      'in X-Request-Id',
      answering(
        400,
        () => 'no',
        (found) => ({ 'x-request-id': `${'i'.repeat(60)} ${found}` }),
      ),
    ],
    [
      'in the path of a redirect',
      answering(
        307,
        () => '',
        (found) => ({ location: `/again/${found}` }),
      ),
    ],
    ['in an answer that is not JSON', answering(200, (found) => `<html>${found}`)],
  ])('does not leak it into a message: %s', async (_, listener) => {
    const hub = await hubAt(listener, token);
    const message = await messageAfter(call(hub));
    expect(message).not.toBe('nothing was thrown');
    expect(message).not.toMatch(/[\u0000-\u001f\u200b]/);
    expect(message.length).toBeLessThan(800);
    expectHidden(message, token);
  });
});

it('does not leak a token into a message that is in the host of a redirect', async () => {
  const hub = await hubAt(
    answering(
      307,
      () => '',
      (token) => ({ location: `https://${token}.example/` }),
    ),
  );
  expectHidden(await messageAfter(call(hub)));
});

describe('a successful response that repeats the token', () => {
  it('is refused as the info of a repository', async () => {
    const hub = await hubAt(
      answering(200, (token) => JSON.stringify({ id: REPO, sha: COMMIT, cardData: { license: Array.from(token).join('\u200b') } })),
    );
    const message = await messageAfter(() => readRepo(hub, REPO, undefined, { signal }));
    expect(message).toContain('repeats the token');
    expectHidden(message);
  });

  it('is refused when a title would be cut', async () => {
    const slug = CollectionSlug.parse(`acme/things-${'a'.repeat(24)}`);
    const hub = await hubAt(answering(200, (token) => JSON.stringify({ slug, title: `${'x'.repeat(180)}${token}`, items: [] })));
    expect(await messageAfter(() => readCollection(hub, slug, { signal }))).toContain('repeats the token');
  });

  it('is refused as a small file', async () => {
    const hub = await hubAt(answering(200, (token) => JSON.stringify({ model_type: token })));
    const message = await messageAfter(() =>
      readSmallFile(hub, { repo: REPO, commit: COMMIT, path: 'config.json', maxBytes: 999 }, { signal }),
    );
    expect(message).toContain('repeats the token');
  });

  it('is accepted in an LFS batch, in which some servers return the token', async () => {
    const file = fileOf('a.safetensors', Buffer.from('abc'));
    const hub = await hubAt(
      answering(200, (token) =>
        JSON.stringify({
          objects: [{ oid: file.sha256, size: 3, actions: { upload: { href: '/put', header: { Authorization: `Bearer ${token}` } } } }],
        }),
      ),
    );
    expect((await lfsBatch(hub, REPO, [file], { signal })).get(file.path)).toMatchObject({ kind: 'basic' });
  });

  /** The batch of a file in one part, with these actions. */
  const batchWith = async (actions: (token: string) => object) => {
    const file = fileOf('a.safetensors', Buffer.from('abc'));
    const hub = await hubAt(
      answering(200, (token) => JSON.stringify({ objects: [{ oid: file.sha256, size: 3, actions: actions(token) }] })),
    );
    return { file, order: (await lfsBatch(hub, REPO, [file], { signal })).get(file.path)! };
  };

  it.each(['upload', 'verify'])('is refused when it sends the token to another host for %s', async (action) => {
    const elsewhere = (token: string) => ({ href: 'http://127.0.0.1:1/x', header: { authorization: `Bearer ${token}` } });
    const message = await messageAfter(() => batchWith((token) => ({ upload: { href: '/put' }, [action]: elsewhere(token) })));
    expect(message).toContain('another host');
    expectHidden(message);
  });

  it('does not leave the token in a journal', async () => {
    const header = (token: string) => ({ Authorization: `Bearer ${token}` });
    const { file, order } = await batchWith((token) => ({
      upload: { href: '/complete', header: { ...header(token), chunk_size: '3', '1': '/put' } },
      verify: { href: '/verify', header: { ...header(token), 'x-kept': 'yes' } },
    }));
    const path = join(await mkdtemp(join(tmpdir(), 'swp-journal-')), 'parts.jsonl');
    const journal = await PartJournal.open(THIS_MACHINE, path);
    await journal.begin(file.sha256, order as MultipartInstructions);
    await journal.close();
    const text = await readFile(path, 'utf8');
    expect(text).toContain('x-kept');
    expectHidden(text);
    await rm(dirname(path), { recursive: true });
  });

  it('does not leak the token when it refuses an object', async () => {
    const file = fileOf('a.safetensors', Buffer.from('abc'));
    const hub = await hubAt(
      answering(200, (token) =>
        JSON.stringify({ objects: [{ oid: file.sha256, size: 3, error: { message: `${'x'.repeat(280)}${token}` } }] }),
      ),
    );
    const message = await messageAfter(() => lfsBatch(hub, REPO, [file], { signal }));
    expect(message).toContain('refuses a.safetensors');
    expectHidden(message);
  });
});

describe('headers of a file response', () => {
  const FILE = { repo: REPO, commit: COMMIT, path: 'm.safetensors', size: 100, lfs: Sha256.parse('b'.repeat(64)) };
  const HOSTILE = `\u001b[2J![x](http://evil)${'z'.repeat(3000)}`;
  const read = async (hub: ReturnType<typeof config>): Promise<void> => {
    for await (const _ of openFile(hub, FILE).read(0, 10, signal));
  };

  it.each<[string, (token: string) => Record<string, string>]>([
    ['X-Repo-Commit', (token) => ({ 'x-repo-commit': `${token}${'c'.repeat(3000)}` })],
    ['X-Linked-Size', (token) => ({ 'x-linked-size': `${token}${'1'.repeat(3000)}` })],
    ['X-Linked-ETag', (token) => ({ 'x-linked-etag': `"${token}${'e'.repeat(3000)}"` })],
    ['Location', (token) => ({ location: `${'s'.repeat(2000)}:${token}` })],
    ['an invalid Location', (token) => ({ location: `https://${token} ` })],
  ])('%s is bounded and without the token in a message', async (_, headers) => {
    const hub = await hubAt(answering(302, () => '', headers));
    const message = await messageAfter(() => read(hub));
    expect(message.length).toBeLessThan(500);
    expectHidden(message);
  });

  it('Content-Range is bounded and one line in a message', async () => {
    const hub = await hubAt((request, answer) => {
      if (request.method === 'HEAD') return void answer.writeHead(200).end();
      answer.writeHead(206, { 'content-range': Buffer.from(HOSTILE).toString('latin1').replaceAll('\u001b', '\u009b') }).end();
    });
    const message = await messageAfter(() => read(hub));
    expect(message.length).toBeLessThan(500);
    expect(message).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
  });
});

describe('a password', () => {
  it.each(['ftp://user:pw-of-mine@host', 'https://user:pw-of-mine@host', 'https://pw-of-mine@host', 'no address but pw-of-mine'])(
    'is refused in HF_ENDPOINT=%s and not printed',
    async (endpoint) => {
      server = await tiny(() => undefined);
      const message = await messageAfter(() =>
        Promise.resolve().then(() => hubConfigFromEnv({ HF_ENDPOINT: endpoint, HOME: '/nonexistent' })),
      );
      expect(message).toContain('HF_ENDPOINT');
      expect(message).not.toContain('pw-of-mine');
    },
  );
});

it('hides the first and the second token of a hub', async () => {
  const hub = withToken(
    await hubAt(
      answering(400, (token) => `${token} ${PLAIN}`),
      PLAIN,
    ),
    new Secret(TOKEN),
  );
  expect(JSON.stringify(hub)).not.toMatch(/hf_|corp/);
  const message = await messageAfter(call(hub));
  expectHidden(message);
  expectHidden(message, PLAIN);
});
