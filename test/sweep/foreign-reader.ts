import { createHash } from 'node:crypto';
import { downloadFile, listCommits, listFiles } from '@huggingface/hub';
import { expect } from 'vitest';
import { parseProvenance } from '../../plan/provenance.js';
import { publishId, targetId } from '../../contract/names.js';
import type { TestEnvironment } from '../support/test-environment.js';
import { TOKENS } from '../support/tokens.js';
import { RUN_SPECIFIC_FILES } from './kinds.js';
import type { Repos } from './scenario.js';

const all = async <T>(items: AsyncIterable<T>): Promise<T[]> => {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
};

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** Path → SHA-256 of the published files that are the same in every run of a scenario. */
export type Payload = ReadonlyMap<string, string>;

/**
 * Reads a target with Hugging Face's own client, and the histories: every commit holds all of our files or none (P1),
 * the newest matches its provenance and thereby the sealed manifest (P2), exactly one commit is ours (P3), and no token
 * appears anywhere (P6).
 */
export const inspectTarget = async (testEnvironment: TestEnvironment, { entry, target }: Repos): Promise<Payload> => {
  const access = { repo: target, hubUrl: testEnvironment.hub.url, accessToken: TOKENS.read };
  const read = async (path: string, revision: string): Promise<Uint8Array> => {
    const blob = await downloadFile({ ...access, path, revision });
    if (blob === null) throw new Error(`${path} does not exist`);
    return new Uint8Array(await blob.arrayBuffer());
  };

  const commits = await all(listCommits(access));
  const [newest] = commits;
  if (newest === undefined) throw new Error(`${target} has no commits`);
  const ours = commits.filter(({ message }) => message.includes('SWP-Manifest'));
  expect(ours).toHaveLength(1);
  const record = await read('provenance.json', newest.oid);
  const files = parseProvenance(Buffer.from(record).toString()).subject;
  const paths = [...files.map(({ name }) => name), 'provenance.json'];

  const held = await Promise.all(
    commits.map(async ({ oid }) => {
      const there = new Set((await all(listFiles({ ...access, recursive: true, revision: oid }))).map(({ path }) => path));
      return paths.filter((path) => there.has(path)).length;
    }),
  );
  expect(held.filter((count) => count !== 0 && count !== paths.length)).toEqual([]);

  const texts: string[] = [Buffer.from(record).toString()];
  for (const { name, digest } of files) {
    const bytes = await read(name, newest.oid);
    expect(`${name} ${sha256(bytes)}`).toBe(`${name} ${digest.sha256}`);
    if (RUN_SPECIFIC_FILES.has(name)) texts.push(Buffer.from(bytes).toString());
  }
  for (const id of [publishId(entry.name), targetId(target)]) {
    const history = await testEnvironment.temporal.client.workflow.getHandle(id).fetchHistory();
    texts.push(
      JSON.stringify(history, (_, value: unknown) => (value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : value)),
    );
  }
  for (const text of texts) for (const token of Object.values(TOKENS)) expect(text.includes(token)).toBe(false);
  return new Map(files.filter(({ name }) => !RUN_SPECIFIC_FILES.has(name)).map(({ name, digest }) => [name, digest.sha256]));
};
