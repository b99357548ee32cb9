import { describe, expect, it } from 'vitest';
import { NAMED_FAULTS } from '../../../dev/hub/named-faults.js';
import { parseFault } from '../../../dev/hub/parse-fault.js';
import { FaultRule } from '../../../dev/hub/script-faults.js';
import { strikeFaults } from '../../../dev/hub/strike-faults.js';
import { call, makeBytes, requestUpload, sha256, startHub, WRITER } from './hub-fixture.js';

describe('the text of a fault', () => {
  it.each([
    ['part-503', { operation: 'part', nth: 1, times: 1 }],
    ['part-503@3', { nth: 3, times: 1 }],
    ['part-503@3+', { nth: 3, times: 'forever' }],
    ['part-503@c2', { connection: 2, times: 'forever' }],
    ['part-reset', { fault: { kind: 'reset', afterBytes: 100_000 } }],
    ['part-reset@3:1MiB', { nth: 3, fault: { kind: 'reset', afterBytes: 1 << 20 } }],
    ['part-slow:1.5kB', { nth: 1, fault: { kind: 'slow-request', bytesPerSecond: 1500 } }],
    ['download-corrupt@2:7', { nth: 2, fault: { kind: 'corrupt-answer', at: 7 } }],
  ])('%s is parsed', (text, rule) => expect(parseFault(text)).toMatchObject({ text, rule }));

  it.each([
    ['part-50', 'Did you mean part-503?'],
    ['Part-Corrupted@2', 'Did you mean part-corrupt?'],
    ['tea', 'lists them'],
    ['', 'lists them'],
    ['part-503@0', 'part-503@3 strikes the third'],
    ['part-503@', 'part-503@3 strikes the third'],
    ['part-503@c0', 'part-503@c2 those of the second connection'],
    ['part-503@3:1MiB', 'Write part-503@3.'],
    ['part-reset@3:lots', 'part-reset@3:1MiB'],
    ['part-reset@3:', 'part-reset@3:1MiB'],
    ['part-reset:1TiB', 'part-reset@1:1MiB'],
    ['part-slow:0', 'part-slow@1:1MiB'],
    ['part-503@1@2', 'part-503@3 strikes the third'],
  ])('"%s" is refused with a hint', (text, hint) => {
    expect(() => parseFault(text)).toThrow(
      expect.objectContaining({ code: 'dev/fault', kind: 'usage', hint: expect.stringContaining(hint) }),
    );
  });

  it('is a valid rule for every name', () => {
    for (const name of NAMED_FAULTS.keys()) expect(FaultRule.parse(parseFault(name).rule)).toMatchObject({ nth: 1 });
  });
});

describe('requested faults', () => {
  it('apply to the configured requests, and are reported', async () => {
    const hub = await startHub({ multipartThreshold: 1000, chunkSize: 1000 });
    await hub.admin.createRepo('Skulk/tiny');
    const notes: string[] = [];
    strikeFaults(hub, ['part-expired@2', 'part-503@2+', 'batch-429@2'].map(parseFault), (line) => notes.push(line));
    const bytes = makeBytes(5000, 1);
    const { header } = (await requestUpload(hub, 'Skulk/tiny', bytes))!;
    const answers: Response[] = [];
    for (const url of Object.values(header!).slice(1)) answers.push(await call(hub, url, { method: 'PUT', body: bytes.subarray(0, 1000) }));
    answers.push(await call(hub, '/Skulk/tiny.git/info/lfs/objects/batch', { token: WRITER, json: {} }));
    expect(answers.map(({ status }) => status)).toEqual([200, 403, 503, 503, 503, 429]);
    expect(await answers[1]!.text()).toContain('Request has expired');
    expect(answers[5]!.headers.get('ratelimit')).toBe('"api";r=0;t=5');
    const oid = sha256(bytes).slice(0, 12);
    expect(notes).toEqual([
      `fault part-expired@2 struck part 2 of ${oid} in Skulk/tiny`,
      ...[3, 4, 5].map((part) => `fault part-503@2+ struck part ${part} of ${oid} in Skulk/tiny`),
      'fault batch-429@2 struck lfs-batch in Skulk/tiny',
    ]);
  });
});
