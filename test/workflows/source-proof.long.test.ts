import { afterEach, describe, expect, it } from 'vitest';
import { generateCheckpoint } from '../../dev/checkpoint/generate.js';
import type { Exchange } from '../../dev/hub/index.js';
import { sha256Of } from '../../core/digests.js';
import { parseProvenance, type Provenance } from '../../plan/provenance.js';
import { targetId } from '../../contract/names.js';
import { TestEnvironment } from '../support/test-environment.js';

/** One header for each shard of the checkpoint. */
const HEADERS = 2;

interface Listed {
  readonly tensors: readonly {
    readonly read: readonly { readonly file: string; readonly ranges: readonly { begin: number; end: number; sha256: string }[] }[];
  }[];
}

let testEnvironment: TestEnvironment;
afterEach(() => testEnvironment.close());

const isOfSource = ({ operation, repo }: Exchange): boolean =>
  operation === 'cdn' && repo?.toLowerCase() === testEnvironment.source.toLowerCase();
const requestedBytes = ({ range = '' }: Exchange): number => {
  const [begin = 0, end = 0] = range.replace('bytes=', '').split('-').map(Number);
  return end + 1 - begin;
};
const file = (path: string): Promise<Buffer> => testEnvironment.hub.admin.readFile(testEnvironment.target, 'main', path);
const internals = async (): Promise<Provenance['predicate']['buildDefinition']['internalParameters']> =>
  parseProvenance(await file('provenance.json')).predicate.buildDefinition.internalParameters;

describe.each([
  ['double-read', 1.5],
  ['shard-sha256', 1_000],
] as const)('a publish with the proof %s', (proof, proveShards) => {
  it('publishes the bytes of the source although a bit is flipped in transit, and its provenance names the proof', async () => {
    testEnvironment = await TestEnvironment.open('proof', { proveShards });
    await testEnvironment.start();
    const { artifacts } = await testEnvironment.planOf();
    expect(artifacts[0]).toMatchObject({ proof });
    const flipped: Exchange[] = [];
    let seen = 0;
    testEnvironment.hub.on((exchange) => {
      // The build reads the headers first and compares them with the digest in the plan.
      if (!isOfSource(exchange) || ++seen <= HEADERS || requestedBytes(exchange) < 10_000 || flipped.length > 0) return undefined;
      flipped.push(exchange);
      return { kind: 'corrupt-answer', at: 5_000 };
    });
    await testEnvironment.approve();
    expect(await testEnvironment.result()).toMatchObject({ outcome: 'published' });
    expect(flipped).toHaveLength(1);
    expect(await internals()).toMatchObject({ proof });
    const { files } = generateCheckpoint({ seed: 7, size: 'small' });
    const listed = JSON.parse((await file('mtp.tensors.json')).toString()) as Listed;
    for (const { file: shard, ranges } of listed.tensors.flatMap(({ read }) => read))
      for (const { begin, end, sha256 } of ranges) expect(sha256Of(files.get(shard)!.subarray(begin, end))).toBe(sha256);
  }, 120_000);

  it('pauses with a hint when every answer has flipped bits, and continues after a retry', async () => {
    testEnvironment = await TestEnvironment.open('proof', { proveShards });
    await testEnvironment.start();
    await testEnvironment.planOf();
    let seen = 0;
    const stop = testEnvironment.hub.on((exchange) =>
      isOfSource(exchange) && ++seen > HEADERS ? { kind: 'corrupt-answer', at: 200 } : undefined,
    );
    await testEnvironment.approve();
    await testEnvironment.untilTarget('needs-attention');
    const { problem } = await testEnvironment
      .targetHandle()
      .query<{ problem: { code: string; reason: string; hint: string } }>('target-status');
    expect(problem).toMatchObject({ code: 'mtp/source-differs', hint: expect.stringContaining('Nothing was published') });
    stop();
    await testEnvironment.temporal.client.workflow
      .getHandle(targetId(testEnvironment.target))
      .executeUpdate('resolve', { args: [{ action: 'retry' }] });
    expect(await testEnvironment.result()).toMatchObject({ outcome: 'published' });
  }, 120_000);
});
