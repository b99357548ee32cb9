import { createHash } from 'node:crypto';
import { expect } from 'vitest';
import { RUN_SPECIFIC_FILES } from '../sweep/kinds.js';
import type { SimPublish } from './sim-publish.js';
import { SIM_TOKEN, type SimWorld } from './sim-world.js';

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** Directories of a scratch in which nothing may be left: shared inputs are kept for the next publish. */
const EMPTIED = /^\/scratch\/swp\/(?:claims|builds|sealed|uploads|trash)\//;

/**
 * Checks publishes of one target that have ended, from what everybody sees of it: our commits are those that the publishes made, every
 * commit holds all of our files or none, the newest has the bytes that its provenance lists, each of ours has the parent that its plan was
 * made for, and no token is in them or in a message. On the hosts nothing is left.
 *
 * @returns path → SHA-256 of the files that are the same in every run
 */
export const inspectPublish = async (
  { local, target, scratch, otherScratch }: SimWorld,
  publishes: readonly SimPublish[],
): Promise<ReadonlyMap<string, string>> => {
  expect(publishes.flatMap(({ messages }) => messages).join('\n')).not.toContain(SIM_TOKEN);
  expect([...scratch.list(), ...otherScratch.list()].filter((path) => EMPTIED.test(path))).toEqual([]);
  const commits = await local.admin.listCommits(target);
  const made = publishes.flatMap(({ commit }) => (commit === null ? [] : [commit]));
  expect(made.length).toBeGreaterThan(0);
  const ours = commits.filter(({ body }) => body.includes('SWP-Manifest')).map(({ id }) => id);
  // Two publishes of one plan have the same commit: the second one finds it.
  expect(ours.toSorted()).toEqual([...new Set(made)].toSorted());
  for (const { commit, plannedHead } of publishes) {
    if (commit === null) continue;
    const before = commits.slice(commits.findIndex(({ id }) => id === commit) + 1);
    if (plannedHead !== null) expect(before[0]?.id).toBe(plannedHead);
    // The Hub itself makes the first commit of a repository.
    else expect(before.length).toBeLessThan(2);
  }
  const [newest] = commits;
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
