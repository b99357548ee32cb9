import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { parse } from 'yaml';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { generateCheckpoint } from '../../dev/checkpoint/generate.js';
import { parseProvenance } from '../../plan/provenance.js';
import { publishId, targetId } from '../../contract/names.js';
import { pythonEnvironment } from '../support/python.js';
import { TestEnvironment } from '../support/test-environment.js';
import { TOKENS } from '../support/tokens.js';

/** Prints every tensor of safetensors files as name, dtype, shape and the SHA-256 of its bytes. */
const DUMP = `
import hashlib, json, sys
from safetensors import deserialize
out = {}
for path in sys.argv[1:]:
    for name, t in deserialize(open(path, 'rb').read()):
        out[name] = [t['dtype'], list(t['shape']), hashlib.sha256(bytes(t['data'])).hexdigest()]
print(json.dumps(out))
`;

let testEnvironment: TestEnvironment;
beforeAll(async () => {
  testEnvironment = await TestEnvironment.open('published');
  await testEnvironment.start();
  await testEnvironment.approve();
  await testEnvironment.result();
}, 120_000);
afterAll(() => testEnvironment.close());

const published = async (path: string): Promise<Buffer> => testEnvironment.hub.admin.readFile(testEnvironment.target, 'main', path);

const dump = async (files: ReadonlyMap<string, Uint8Array>): Promise<Record<string, unknown>> => {
  const paths = await Promise.all(
    [...files].map(async ([name, bytes], at) => {
      const path = join(testEnvironment.directory, `${at}-${name}`);
      await writeFile(path, bytes);
      return path;
    }),
  );
  const { stdout } = await execa(await pythonEnvironment(), ['-c', DUMP, ...paths]);
  return JSON.parse(stdout) as Record<string, unknown>;
};

describe('a published sidecar', () => {
  it("is opened by the official safetensors reader and equals the source's tensors byte for byte", async () => {
    const shards = new Map([...generateCheckpoint({ seed: 7, size: 'small' }).files].filter(([name]) => name.endsWith('.safetensors')));
    const source = await dump(shards);
    const wanted = Object.fromEntries(Object.entries(source).filter(([name]) => name.startsWith('mtp.')));
    expect(Object.keys(wanted)).toHaveLength(15);
    expect(await dump(new Map([['mtp.safetensors', await published('mtp.safetensors')]]))).toEqual(wanted);
  }, 300_000);

  it('has a provenance that lists every other file with its digest', async () => {
    const provenance = parseProvenance((await published('provenance.json')).toString());
    expect(provenance.subject.map(({ name }) => name)).toEqual(['LICENSE', 'README.md', 'mtp.safetensors', 'mtp.tensors.json']);
    for (const { name, digest } of provenance.subject)
      expect(
        createHash('sha256')
          .update(await published(name))
          .digest('hex'),
      ).toBe(digest.sha256);
    expect(provenance.predicate.buildDefinition.internalParameters.decisions).toMatchObject([{ reviewer: 'ada', verdict: 'approve' }]);
  });

  it('has a card with the inherited license, the base model, the pinned source and the plan', async () => {
    const card = (await published('README.md')).toString();
    const [, front, body] = /^---\n([\s\S]*?)---\n([\s\S]*)$/.exec(card) ?? [];
    expect(parse(front!)).toMatchObject({
      license: 'apache-2.0',
      base_model: [testEnvironment.source],
      tags: expect.arrayContaining(['mtp']),
    });
    const head = await testEnvironment.hub.admin.head(testEnvironment.source);
    expect(body).toContain(`https://huggingface.co/${testEnvironment.source}/tree/${head}`);
    expect(body).toMatch(/Plan: `sha256:[0-9a-f]{64}`/);
    expect(body).toContain('| `mtp.safetensors` |');
  });

  it('is published in one commit on top of the initial one', async () => {
    const commits = await testEnvironment.hub.admin.listCommits(testEnvironment.target);
    expect(commits).toHaveLength(2);
  });
});

describe('the token', () => {
  it('is in no history and in no published file', async () => {
    const { client } = testEnvironment.temporal;
    const histories = await Promise.all(
      [publishId(testEnvironment.entry().name), targetId(testEnvironment.target)].map((id) => client.workflow.getHandle(id).fetchHistory()),
    );
    const files = await Promise.all(['README.md', 'LICENSE', 'provenance.json'].map(published));
    // Payloads are bytes: read their JSON as text, not as base64.
    const texts = [
      ...histories.map((history) =>
        Buffer.from(
          JSON.stringify(history, (_, value: unknown) => (value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : value)),
        ).toString(),
      ),
      ...files.map(String),
    ];
    for (const text of texts) for (const token of Object.values(TOKENS)) expect(text).not.toContain(token);
    expect(texts[0]).toContain(testEnvironment.queue);
  });

  it('is not sent with signed requests to the CDN and the storage', () => {
    const signed = testEnvironment.hub.requests.filter(
      ({ operation }) => operation === 'cdn' || operation === 'put' || operation === 'part' || operation === 'complete',
    );
    expect(signed.length).toBeGreaterThan(0);
    expect(signed.filter(({ authorization }) => authorization)).toEqual([]);
  });
});

it('the workflows of a publish have at most 85 history events each', async () => {
  for (const id of [publishId(testEnvironment.entry().name), targetId(testEnvironment.target)]) {
    const { events } = await testEnvironment.temporal.client.workflow.getHandle(id).fetchHistory();
    expect(events!.length).toBeLessThanOrEqual(85);
  }
});
