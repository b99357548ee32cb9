import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DoubleRead } from '../../../publish/build/double-read.js';
import { readSource } from '../../../publish/facts/read-source.js';
import type { SwpError } from '../../../core/error.js';
import type { SourceFacts } from '../../../plan/facts.js';
import { startTestHub, REPO, signal, type TestHub } from '../../hub/support.js';

const bytes = randomBytes(300_000);
const RANGE = { file: 'model.safetensors', begin: 10_000, end: 290_000, what: 'a sample' };

let test: TestHub;
let source: SourceFacts;
beforeAll(async () => {
  test = await startTestHub();
  await test.hub.admin.createRepo(REPO);
  await test.hub.admin.commitFiles(REPO, new Map([['model.safetensors', bytes]]), { message: 'A model' });
  source = (await readSource(test.client, REPO, null, signal))!;
});
afterAll(() => test.close());

/** Reads the range and flips a bit in the responses with these numbers: 1 is the first reading, 2 and 3 are the second. */
const read = async (flipped: readonly number[]) => {
  const reported: SwpError[] = [];
  const connections = new Set<number>();
  const reading = new DoubleRead({ ...test.client, onRetry: (error) => void reported.push(error) }, source, 'test/differs', ' Advice.');
  let nth = 0;
  const stop = test.hub.on(({ operation, connection }) => {
    if (operation !== 'cdn') return undefined;
    connections.add(connection);
    nth += 1;
    return flipped.includes(nth) ? { kind: 'corrupt-answer', at: 50_000 } : undefined;
  });
  try {
    return { found: await reading.read(RANGE, signal), reported, responses: nth, connections: connections.size };
  } finally {
    stop();
    reading.close();
  }
};

describe('a range that is read twice', () => {
  it('takes two readings over two connections when they agree', async () => {
    const { found, reported, responses, connections } = await read([]);
    expect(found.equals(bytes.subarray(RANGE.begin, RANGE.end))).toBe(true);
    expect([reported.length, responses, connections]).toEqual([0, 3, 2]);
  });

  it.each([
    ['the first reading', [1], 'second'],
    ['the second reading', [2], 'first'],
    ['the other half of the second reading', [3], 'first'],
  ] as const)('is correct when a bit of %s is flipped, and the difference is reported', async (_, flipped, agrees) => {
    const { found, reported, responses, connections } = await read(flipped);
    expect(found.equals(bytes.subarray(RANGE.begin, RANGE.end))).toBe(true);
    expect(reported.map(({ code, message }) => [code, message])).toEqual([
      ['test/differs', expect.stringContaining(`a third reading agrees with the ${agrees}`)],
    ]);
    expect([responses, connections]).toEqual([6, 3]);
  });

  it('fails when three readings differ', async () => {
    await expect(read([1, 2, 3, 4, 5, 6])).rejects.toMatchObject({
      code: 'test/differs',
      kind: 'integrity',
      message: expect.stringContaining(
        `${RANGE.file}: a sample (bytes ${RANGE.begin} to ${RANGE.end}): three readings returned three different results`,
      ),
      hint: expect.stringMatching(/^Nothing was published\..* Advice\.$/),
    });
  });
});
