import { describe, expect, it } from 'vitest';
import type { LocalHub } from '../../../dev/hub/index.js';
import { call, READER, startHub, STRANGER, WRITER } from './hub-fixture.js';

const REPO = 'Skulk/tiny';
const EVIL = '<img src=x onerror=alert(1)>';
const CARD = `---
license: apache-2.0
---

# Weights of [Labs/base](https://huggingface.co/Labs/base)

${EVIL} & [here](javascript:alert(1))
`;

const open = async (): Promise<{ readonly hub: LocalHub; readonly first: string; readonly head: string }> => {
  const hub = await startHub();
  await hub.admin.createRepo(REPO);
  const files = new Map([
    ['README.md', Buffer.from(CARD)],
    [`notes/${EVIL.replace('/', '')}.txt`, Buffer.from(`text of ${EVIL}`)],
    ['model.safetensors', Buffer.from('weights')],
  ]);
  const first = await hub.admin.commitFiles(REPO, files, { message: `Publish ${EVIL}\n\nSWP-Plan: sha256:1` });
  const head = await hub.admin.commitFiles(REPO, new Map([['new.txt', Buffer.from('x')]]), {
    message: 'More',
    remove: ['model.safetensors'],
  });
  return { hub, first, head };
};

/** A page as a browser gets it, without a token. */
const show = async (hub: LocalHub, address: string) => {
  const response = await call(hub, address, { headers: { Accept: 'text/html' } });
  expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
  expect(response.headers.get('content-security-policy')).toContain("default-src 'none'");
  const text = await response.text();
  expect(text).not.toContain('<img');
  expect(text).not.toMatch(/<a [^>]*javascript:/);
  return { status: response.status, text };
};

describe('the page of a repository', () => {
  it('shows its card, its files with sizes, and its commits', async () => {
    const { hub, first, head } = await open();
    const { status, text } = await show(hub, `/${REPO}`);
    expect(status).toBe(200);
    expect(text).toMatch(/<h2>Weights of\s+<a href="\/Labs\/base"/);
    expect(text).toContain('&lt;img src=x onerror=alert(1)&gt; &amp; [here](javascript:alert(1))');
    expect(text).toMatch(new RegExp(`/${REPO}/blob/${head}/new\\.txt[\\s\\S]*1 B`));
    for (const commit of [first, head]) expect(text).toContain(`/${REPO}/commit/${commit}`);
  });

  it('shows the files of a revision, and of a directory of it', async () => {
    const { hub, first } = await open();
    const whole = await show(hub, `/${REPO}/tree/${first}`);
    expect(whole.text).toContain(`/${REPO}/blob/${first}/model.safetensors`);
    const notes = await show(hub, `/${REPO}/tree/${first}/notes`);
    expect([notes.status, notes.text.includes('model.safetensors')]).toEqual([200, false]);
    expect((await show(hub, `/${REPO}/tree/${first}/none`)).status).toBe(404);
    expect((await show(hub, `/${REPO}/commits/main`)).text).toContain('3 commits');
  });

  it('shows the message and the changes of a commit', async () => {
    const { hub, first, head } = await open();
    const { text } = await show(hub, `/${REPO}/commit/${head}`);
    expect(text).toContain(`after <code><a href="/${REPO}/commit/${first}">`);
    expect(text).toMatch(/deleted<\/td>\s*<td>model\.safetensors/);
    const added = await show(hub, `/${REPO}/commit/${first}`);
    expect(added.text).toContain('SWP-Plan: sha256:1');
    expect(added.text).toMatch(/added<\/td>/);
  });

  it('shows the text of a file, and the digest of one in LFS', async () => {
    const { hub, first } = await open();
    const path = encodeURIComponent(`${EVIL.replace('/', '')}.txt`);
    expect((await show(hub, `/${REPO}/blob/${first}/notes/${path}`)).text).toContain('text of &lt;img');
    expect((await show(hub, `/${REPO}/blob/main/README.md`)).text).toContain('license: apache-2.0');
    const weights = await show(hub, `/${REPO}/blob/${first}/model.safetensors`);
    expect(weights.text).toMatch(/<code>[0-9a-f]{64}<\/code>/);
    expect(weights.text).toContain(`/${REPO}/resolve/${first}/model.safetensors`);
    expect((await show(hub, `/${REPO}/blob/main/none`)).status).toBe(404);
  });

  it('is redirected to from another spelling of the name', async () => {
    const { hub } = await open();
    const answer = await call(hub, '/skulk/TINY');
    expect([answer.status, answer.headers.get('location')]).toEqual([307, `/${REPO}`]);
  });
});

describe('a private repository', () => {
  it('is 401 with the reason for a browser, and 404 for another account', async () => {
    const { hub, head } = await open();
    await hub.admin.setVisibility(REPO, 'private');
    for (const address of [`/${REPO}`, `/${REPO}/tree/main`, `/${REPO}/commit/${head}`, `/${REPO}/blob/main/README.md`]) {
      const { status, text } = await show(hub, address);
      expect([status, text.includes('Private, gated, or not there')]).toEqual([401, true]);
      expect((await call(hub, address, { token: STRANGER })).status).toBe(404);
      expect((await call(hub, address, { token: READER })).status).toBe(200);
    }
    expect((await show(hub, '/')).text).not.toContain(REPO);
  });

  it('looks the same as a missing repository', async () => {
    const { hub } = await open();
    await hub.admin.setVisibility(REPO, 'private');
    expect((await show(hub, '/Skulk/none')).text).toBe((await show(hub, `/${REPO}`)).text);
  });
});

describe('pages outside of repositories', () => {
  it('are an index, and a page for each collection', async () => {
    const { hub } = await open();
    const made = await call(hub, '/api/collections', { token: WRITER, json: { title: `Ours ${EVIL}`, namespace: 'Skulk' } });
    const { slug } = (await made.json()) as { slug: string };
    await call(hub, `/api/collections/${slug}/items`, { token: WRITER, json: { item: { type: 'model', id: REPO }, note: EVIL } });
    const index = await show(hub, '/');
    expect(index.text).toContain(`href="/${REPO}"`);
    expect(index.text).toContain(`href="/collections/${slug}"`);
    expect((await show(hub, `/collections/${slug}`)).text).toContain(`href="/${REPO}"`);
    expect((await show(hub, '/collections/Skulk/none-0123')).status).toBe(404);
  });

  it('do not change the API', async () => {
    const { hub } = await open();
    const answer = await call(hub, '/api/nothing');
    expect([answer.status, answer.headers.get('content-type')]).toEqual([404, 'application/json; charset=utf-8']);
  });
});
