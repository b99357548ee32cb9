import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { type LocalHub, scriptFaults } from '../../../dev/hub/index.js';
import { call, commitLines, startHub, WRITER } from './hub-fixture.js';

const REPO = 'Skulk/tiny';

const withRepo = async (): Promise<LocalHub> => {
  const hub = await startHub();
  await hub.admin.createRepo(REPO);
  return hub;
};

const commit = (hub: LocalHub): Promise<Response> =>
  commitLines(hub, REPO, [
    ['header', { summary: 'mine' }],
    ['file', { path: 'a', content: 'x', encoding: 'utf-8' }],
  ]);

const commitCount = async (hub: LocalHub): Promise<number> => (await hub.admin.listCommits(REPO)).length;

/** Sizes of the temporary files of requests that are received or held. */
const temporarySizes = async ({ directory }: LocalHub): Promise<number[]> => {
  const temporary = join(directory, 'tmp');
  return Promise.all((await readdir(temporary)).map(async (name) => (await stat(join(temporary, name))).size));
};

describe('an intercept', () => {
  it('receives the details of a request', async () => {
    const hub = await withRepo();
    const seen: unknown[] = [];
    const stop = hub.on((exchange) => {
      seen.push(exchange);
      return undefined;
    });
    await call(hub, `/${REPO}/resolve/main/a/b.txt`);
    stop();
    await call(hub, '/api/whoami-v2');
    expect(seen).toEqual([
      {
        operation: 'resolve',
        method: 'GET',
        path: `/${REPO}/resolve/main/a/b.txt`,
        repo: REPO,
        file: 'a/b.txt',
        connection: expect.any(Number),
      },
    ]);
  });

  it('can answer instead of the hub', async () => {
    const hub = await withRepo();
    hub.on(() => ({ kind: 'status', status: 429, headers: { 'Retry-After': '7' }, body: '{"error":"slow down"}' }));
    const response = await commit(hub);
    expect([response.status, response.headers.get('retry-after'), await response.json()]).toEqual([429, '7', { error: 'slow down' }]);
    expect(response.headers.get('ratelimit')).not.toBeNull();
    expect(await commitCount(hub)).toBe(1);
  });

  it('can cut the connection before the request is applied', async () => {
    const hub = await withRepo();
    hub.on(() => ({ kind: 'reset' }));
    await expect(commit(hub)).rejects.toThrow('fetch failed');
    expect(await commitCount(hub)).toBe(1);
    expect(hub.requests.at(-1)).toMatchObject({ operation: 'commit', status: undefined });
  });

  it('can cut the connection after the request is applied', async () => {
    const hub = await withRepo();
    hub.on(() => ({ kind: 'apply-then-reset' }));
    await expect(commit(hub)).rejects.toThrow('fetch failed');
    expect(await commitCount(hub)).toBe(2);
  });

  it('can hold a request, which is applied even after its client has disconnected', async () => {
    const hub = await withRepo();
    const script = scriptFaults([{ operation: 'commit', fault: { kind: 'hold', gate: 'commit' } }]);
    hub.on(script.intercept);
    const controller = new AbortController();
    const body = JSON.stringify({ key: 'header', value: { summary: 'mine' } });
    const sent = fetch(`${hub.url}/api/models/${REPO}/commit/main`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${WRITER.token}` },
      body,
      signal: controller.signal,
    });
    sent.catch(() => undefined);
    await vi.waitUntil(async () => (await temporarySizes(hub)).includes(body.length));
    expect(await commitCount(hub)).toBe(1);
    controller.abort();
    await expect(sent).rejects.toThrow('aborted');
    script.release('commit');
    await vi.waitUntil(async () => (await commitCount(hub)) === 2);
  });

  it('can hold only the answer', async () => {
    const hub = await withRepo();
    const script = scriptFaults([{ operation: 'commit', fault: { kind: 'hold-after', gate: 'answer' } }]);
    hub.on(script.intercept);
    const answer = commit(hub);
    await vi.waitUntil(async () => (await commitCount(hub)) === 2);
    expect(hub.requests.at(-1)).toMatchObject({ status: undefined });
    script.release('answer');
    expect((await answer).status).toBe(200);
  });

  it('does not keep a hub from closing', async () => {
    const hub = await withRepo();
    hub.on(scriptFaults([{ operation: 'commit', fault: { kind: 'hold', gate: 'never' } }]).intercept);
    const answer = commit(hub);
    answer.catch(() => undefined);
    await vi.waitUntil(() => hub.requests.some(({ operation }) => operation === 'commit'));
    await hub.close();
    await expect(answer).rejects.toThrow('fetch failed');
  });
});

describe('scripted faults', () => {
  it('hit only the configured occurrences', async () => {
    const hub = await withRepo();
    const script = scriptFaults([
      { operation: 'whoami', nth: 2, times: 2, fault: { kind: 'status', status: 503 } },
      { operation: 'resolve', repo: 'skulk/TINY', file: 'a', fault: { kind: 'status', status: 500 } },
    ]);
    hub.on(script.intercept);
    const statuses: number[] = [];
    for (let turn = 0; turn < 4; turn += 1) statuses.push((await call(hub, '/api/whoami-v2', { token: WRITER })).status);
    expect(statuses).toEqual([200, 503, 503, 200]);
    expect((await call(hub, `/${REPO}/resolve/main/b`)).status).toBe(404);
    expect((await call(hub, `/${REPO}/resolve/main/a`)).status).toBe(500);
    script.add([{ operation: 'whoami', fault: { kind: 'status', status: 418 } }]);
    script.clear();
    expect((await call(hub, '/api/whoami-v2', { token: WRITER })).status).toBe(200);
  });
});
