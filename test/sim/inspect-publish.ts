import { createHash } from 'node:crypto';
import { expect } from 'vitest';
import { RUN_SPECIFIC_FILES } from '../sweep/kinds.js';
import type { SimPublish } from './sim-publish.js';
import { SIM_TOKEN, type SimWorld } from './sim-world.js';

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/**
 * Checks a publish that ended published, from what everybody sees of its target: every commit holds all of our files or none, exactly one commit is ours, the newest has the
 * bytes that its provenance lists, ours has the parent that its plan was made for, and no token is in them or in a
 * message.
 *
 * @returns path → SHA-256 of the files that are the same in every run
 */
export const inspectPublish = async (
  { local, target }: SimWorld,
  { messages, plannedHead }: SimPublish,
): Promise<ReadonlyMap<string, string>> => {
  expect(messages.join('\n')).not.toContain(SIM_TOKEN);
  const commits = await local.admin.listCommits(target);
  expect(commits.filter(({ body }) => body.includes('SWP-Manifest'))).toHaveLength(1);
  const [newest] = commits;
  const before = commits.slice(commits.findIndex(({ body }) => body.includes('SWP-Manifest')) + 1);
  if (plannedHead !== null) expect(before[0]?.id).toBe(plannedHead);
  // The Hub itself makes the first commit of a repository.
  else expect(before.length).toBeLessThan(2);
  const read = (path: string): Promise<Buffer> => local.admin.readFile(target, newest!.id, path);
  const record = (await read('provenance.json')).toString();
  const { subject } = JSON.parse(record) as { subject: { name: string; digest: { sha256: string } }[] };
  const paths = [...subject.map(({ name }) => name), 'provenance.json'];
  const held = commits.map(({ files }) => paths.filter((path) => files.has(path)).length);
  expect(held.filter((count) => count !== 0 && count !== paths.length)).toEqual([]);
  const payload = new Map<string, string>();
  for (const { name, digest } of subject) {
    const bytes = await read(name);
    expect(`${name} ${sha256(bytes)}`).toBe(`${name} ${digest.sha256}`);
    expect(bytes.includes(SIM_TOKEN)).toBe(false);
    if (!RUN_SPECIFIC_FILES.has(name)) payload.set(name, digest.sha256);
  }
  expect(record).not.toContain(SIM_TOKEN);
  return payload;
};
