import { Agent, request } from 'node:http';
import { describe, expect, it } from 'vitest';
import type { FaultRule, LocalHub } from '../../../dev/hub/index.js';
import { call, commitLines, makeBytes, putParts, requestUpload, sha256, startHub, WRITER } from './hub-fixture.js';

const REPO = 'Skulk/tiny';
const BYTES = makeBytes(2500, 3);
const BIG = makeBytes(3 << 20, 7);

/** A hub with parts of 1000 bytes and a committed file of 3 MiB, with these faults. */
const withFaults = async (...rules: FaultRule[]): Promise<LocalHub> => {
  const hub = await startHub({ multipartThreshold: 1000, chunkSize: 1000 });
  await hub.admin.createRepo(REPO);
  await hub.admin.commitFiles(REPO, new Map([['big.safetensors', BIG]]), { message: 'weights' });
  hub.admin.faults.add(rules);
  return hub;
};

const commit = (hub: LocalHub): Promise<Response> =>
  commitLines(hub, REPO, [
    ['header', { summary: 'mine' }],
    ['file', { path: 'a', content: 'x', encoding: 'utf-8' }],
  ]);

const titles = async (hub: LocalHub): Promise<string[]> => (await hub.admin.listCommits(REPO)).map(({ title }) => title);

const upload = async (hub: LocalHub): Promise<Response> => {
  const action = (await requestUpload(hub, REPO, BYTES))!;
  return call(hub, action.href, { json: { oid: sha256(BYTES), parts: await putParts(hub, action, BYTES) } });
};

const download = async (hub: LocalHub, headers: Record<string, string> = {}): Promise<Response> => {
  const redirect = await call(hub, `/${REPO}/resolve/main/big.safetensors`);
  return call(hub, redirect.headers.get('location')!, { headers });
};

/** The bytes of an answer that arrive before its connection is cut. */
const received = async (url: string): Promise<Buffer> =>
  new Promise((resolve) => {
    const chunks: Buffer[] = [];
    const outgoing = request(url, (response) => {
      response.on('data', (chunk: Buffer) => chunks.push(chunk)).on('error', () => resolve(Buffer.concat(chunks)));
      response.on('end', () => resolve(Buffer.from('all of it')));
    });
    outgoing.on('error', () => resolve(Buffer.from('no answer'))).end();
  });

describe('a reset', () => {
  it('leaves nothing of a request that it cuts', async () => {
    const hub = await withFaults({ operation: 'part', part: 2, fault: { kind: 'reset', afterBytes: 400 } });
    await expect(upload(hub)).rejects.toThrow('fetch failed');
    expect(hub.requests.filter(({ operation }) => operation === 'part').map(({ part, status }) => [part, status])).toEqual([
      [1, 200],
      [2, undefined],
    ]);
    expect((await upload(hub)).status).toBe(200);
  });

  it('waits for the configured number of bytes', async () => {
    const hub = await withFaults({ operation: 'part', fault: { kind: 'reset', afterBytes: 600 } });
    const url = new URL((await requestUpload(hub, REPO, BYTES))!.header!['00001']!);
    const outgoing = request(url, { method: 'PUT', headers: { 'Content-Length': 1000 } });
    const cut = new Promise<string>((resolve) => outgoing.on('error', () => resolve('cut')));
    await new Promise<void>((resolve) => void outgoing.write(BYTES.subarray(0, 500), () => resolve()));
    // This request gives the hub the time to receive the first 500 bytes.
    expect((await call(hub, '/api/whoami-v2', { token: WRITER })).status).toBe(200);
    expect(outgoing.destroyed).toBe(false);
    outgoing.write(BYTES.subarray(500, 600));
    expect(await cut).toBe('cut');
  });

  it('sends exactly the configured number of bytes of an answer', async () => {
    const hub = await withFaults({ operation: 'cdn', fault: { kind: 'reset-answer', afterBytes: 2_000_001 } });
    const redirect = await call(hub, `/${REPO}/resolve/main/big.safetensors`);
    expect(BIG.subarray(0, 2_000_001).equals(await received(redirect.headers.get('location')!))).toBe(true);
  });

  it('cuts an answer even when its position is after the end', async () => {
    const hub = await withFaults({ operation: 'cdn', fault: { kind: 'reset-answer', afterBytes: 1e9 } });
    const redirect = await call(hub, `/${REPO}/resolve/main/big.safetensors`);
    expect(BIG.subarray(0, BIG.length - 1).equals(await received(redirect.headers.get('location')!))).toBe(true);
  });

  it('drops the whole of an answer without a body', async () => {
    const hub = await withFaults({ operation: 'part', fault: { kind: 'reset-answer', afterBytes: 0 } });
    await expect(upload(hub)).rejects.toThrow('fetch failed');
  });
});

describe('an answer to an applied operation', () => {
  it('can be replaced by an error', async () => {
    const hub = await withFaults({ operation: 'commit', fault: { kind: 'apply-then-status', status: 504, body: 'late' } });
    const answer = await commit(hub);
    expect([answer.status, await answer.text(), await titles(hub)]).toEqual([504, 'late', ['mine', 'weights', 'initial commit']]);
  });
});

describe('a slow connection', () => {
  it('delays a request', async () => {
    const hub = await withFaults({ operation: 'part', fault: { kind: 'slow-request', bytesPerSecond: 5000 } });
    const startedAt = performance.now();
    expect((await upload(hub)).status).toBe(200);
    expect(performance.now() - startedAt).toBeGreaterThan(150);
  });

  it('delays an answer', async () => {
    const hub = await withFaults({ operation: 'cdn', fault: { kind: 'slow-answer', bytesPerSecond: 5000 } });
    const startedAt = performance.now();
    expect(Buffer.from(await (await download(hub, { Range: 'bytes=0-999' })).arrayBuffer())).toEqual(BIG.subarray(0, 1000));
    expect(performance.now() - startedAt).toBeGreaterThan(150);
  });

  it('does not keep a hub from closing', async () => {
    const hub = await withFaults({ operation: 'cdn', fault: { kind: 'slow-answer', bytesPerSecond: 10 } });
    const answer = await download(hub);
    await hub.close();
    await expect(answer.arrayBuffer()).rejects.toThrow('terminated');
  });
});

describe('silent corruption', () => {
  it.each([0, 999, 1e9])('is found at byte %d of a part when the upload is completed', async (at) => {
    const hub = await withFaults({ operation: 'part', part: 2, fault: { kind: 'corrupt-request', at } });
    const answer = await upload(hub);
    expect([answer.status, await answer.text()]).toEqual([400, expect.stringContaining('SHA-256')]);
    expect((await upload(hub)).status).toBe(200);
  });

  it.each([{}, { range: 'bytes=0-2999999' }])('flips one bit of a download without an error: %j', async (headers) => {
    const hub = await withFaults({ operation: 'cdn', fault: { kind: 'corrupt-answer', at: 2_000_000 } });
    const answer = await download(hub, headers);
    const bytes = Buffer.from(await answer.arrayBuffer());
    expect(answer.ok).toBe(true);
    expect([...bytes.keys()].filter((at) => bytes[at] !== BIG[at])).toEqual([2_000_000]);
    expect(bytes[2_000_000]! ^ BIG[2_000_000]!).toBe(1);
  });

  it('can affect only one connection', async () => {
    const hub = await withFaults({ operation: 'cdn', connection: 2, times: 'forever', fault: { kind: 'corrupt-answer', at: 0 } });
    const redirect = await call(hub, `/${REPO}/resolve/main/big.safetensors`);
    const agents = [new Agent({ keepAlive: true }), new Agent({ keepAlive: true })];
    const firstByte = (agent: Agent): Promise<number> =>
      new Promise((resolve, reject) => {
        request(redirect.headers.get('location')!, { agent, headers: { range: 'bytes=0-0' } }, (response) => {
          response.on('data', (chunk: Buffer) => resolve(chunk[0]!)).on('error', reject);
        })
          .on('error', reject)
          .end();
      });
    const bytes: number[] = [];
    for (const agent of [...agents, ...agents]) bytes.push(await firstByte(agent));
    for (const agent of agents) agent.destroy();
    expect(bytes.map((byte) => byte ^ BIG[0]!)).toEqual([0, 1, 0, 1]);
  });
});

describe('a wrong header', () => {
  it('can be the ETag of a part, so that the upload cannot be completed', async () => {
    const hub = await withFaults({ operation: 'part', part: 3, fault: { kind: 'wrong-etag' } });
    const answer = await upload(hub);
    expect([answer.status, await answer.text()]).toEqual([400, expect.stringContaining('part 3 was not uploaded with ETag')]);
  });

  it('can be the Content-Range of a download', async () => {
    const hub = await withFaults({ operation: 'cdn', fault: { kind: 'wrong-range' } });
    const answer = await download(hub, { Range: 'bytes=10-19' });
    expect(answer.headers.get('content-range')).toBe(`bytes 11-20/${BIG.length}`);
    expect(Buffer.from(await answer.arrayBuffer())).toEqual(BIG.subarray(10, 20));
  });
});

it('answers a commit with the id of a commit that does not exist', async () => {
  const hub = await withFaults({ operation: 'commit', fault: { kind: 'wrong-oid' } });
  const answer = (await (await commit(hub)).json()) as { readonly commitOid: string };
  expect(answer.commitOid).toBe('0'.repeat(40));
  expect(await titles(hub)).toContain('mine');
});

describe('a concurrent change', () => {
  it('can drop every object that no commit names', async () => {
    const hub = await withFaults({ operation: 'commit', fault: { kind: 'lose-objects' } });
    await upload(hub);
    const lines = [
      ['header', { summary: 'mine' }],
      ['lfsFile', { path: 'm.safetensors', algo: 'sha256', oid: sha256(BYTES), size: BYTES.length }],
    ] as const;
    const answer = await commitLines(hub, REPO, lines);
    expect([answer.status, await answer.text()]).toEqual([400, expect.stringContaining('m.safetensors')]);
    expect((await download(hub)).status).toBe(200);
    await upload(hub);
    expect((await commitLines(hub, REPO, lines)).status).toBe(200);
  });

  it('can drop one object', async () => {
    const hub = await withFaults({ operation: 'whoami', fault: { kind: 'lose-objects', oid: sha256(BYTES) } });
    await upload(hub);
    await hub.admin.dropObjects(REPO, sha256(BIG));
    expect([await requestUpload(hub, REPO, BYTES), await requestUpload(hub, REPO, BIG)]).toEqual([undefined, expect.anything()]);
  });

  it('can be a commit of another account, after which a commit onto the old head is refused', async () => {
    const hub = await withFaults({ operation: 'commit', fault: { kind: 'foreign-commit', path: 'theirs.txt' } });
    const answer = await commitLines(hub, REPO, [['header', { summary: 'mine', parentCommit: await hub.admin.head(REPO) }]]);
    expect([answer.status, await titles(hub)]).toEqual([412, ['A commit of somebody else', 'weights', 'initial commit']]);
    expect((await hub.admin.readFile(REPO, 'main', 'theirs.txt')).length).toBeGreaterThan(0);
  });
});

describe('a rule', () => {
  it('may name an object, and last until it is cleared', async () => {
    const hub = await withFaults({ operation: 'part', oid: sha256(BYTES), times: 'forever', fault: { kind: 'status', status: 503 } });
    const statuses = async (bytes: Buffer): Promise<number[]> => {
      const action = (await requestUpload(hub, REPO, bytes))!;
      const urls = Object.values(action.header!).slice(-2);
      return Promise.all(urls.map(async (url) => (await call(hub, url, { method: 'PUT', body: Buffer.alloc(10) })).status));
    };
    expect([await statuses(BYTES), await statuses(makeBytes(1500, 9))]).toEqual([
      [503, 503],
      [200, 200],
    ]);
    hub.admin.faults.clear();
    expect(await statuses(BYTES)).toEqual([200, 200]);
  });
});

describe('the request log', () => {
  it('numbers exchanges so that a rule can match each of them again', async () => {
    const hub = await withFaults();
    const run = async (): Promise<unknown[]> => {
      const from = hub.requests.length;
      await upload(hub);
      await hub.admin.dropObjects(REPO);
      await upload(hub);
      await hub.admin.dropObjects(REPO);
      await (await download(hub)).arrayBuffer();
      return hub.requests.slice(from).map(({ operation, file, oid, part, occurrence }) => [operation, file ?? oid, part, occurrence]);
    };
    const oid = sha256(BYTES);
    const uploaded = (turn: number) => [
      ['lfs-batch', undefined, undefined, turn],
      ...[1, 2, 3].map((part) => ['part', oid, part, turn]),
      ['complete', oid, undefined, turn],
    ];
    expect(await run()).toEqual([
      ...uploaded(1),
      ...uploaded(2),
      ['resolve', 'big.safetensors', undefined, 1],
      ['cdn', 'big.safetensors', undefined, 1],
    ]);
    const { operation, repo, part, occurrence } = hub.requests.find((seen) => seen.part === 2 && seen.occurrence === 2)!;
    hub.admin.faults.add([{ operation, repo, oid, part, nth: occurrence, fault: { kind: 'status', status: 503 } }]);
    const before = hub.requests.length;
    await run();
    expect(hub.requests.slice(before).flatMap(({ status, fault }, at) => (fault === undefined ? [] : [[at, fault, status]]))).toEqual([
      [7, 'status', 503],
    ]);
  });
});
