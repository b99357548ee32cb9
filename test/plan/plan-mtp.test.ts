import { describe, expect, it } from 'vitest';
import { RepoId } from '../../core/ids.js';
import { generateCheckpoint } from '../../dev/checkpoint/generate.js';
import { artifactPlanDigest, type ArtifactPlan } from '../../plan/artifact-plan.js';
import { canonicalJson } from '../../core/digests.js';
import { comparePreconditions } from '../../plan/preconditions.js';
import {
  absentTarget,
  bytesFile,
  CHECKPOINT,
  commit,
  plan,
  publishedTarget,
  selectionOf,
  SOURCE,
  sourceFacts,
  TARGET,
} from './fixtures.js';

const check = (made: ArtifactPlan, code: string) => made.checks.find((one) => one.code === code);
const text = (words: string): Uint8Array => new TextEncoder().encode(words);

describe('the plan of an MTP sidecar', () => {
  it('matches the golden for an absent target', async () => {
    await expect(`${JSON.stringify(plan(), null, 2)}\n`).toMatchFileSnapshot('goldens/publish.json');
  });

  it("is identical for any order of the source's files", () => {
    const shuffled = sourceFacts({ files: sourceFacts().files.toReversed() });
    expect(canonicalJson(plan({ source: shuffled }))).toBe(canonicalJson(plan()));
  });

  it('is identical for any order of license files', () => {
    const files = [
      ...sourceFacts().files,
      bytesFile('NOTICE', text('n')),
      bytesFile('COPYING.txt', text('c')),
      bytesFile('docs/LICENSE', text('not ours')),
    ];
    const forwards = plan({ source: sourceFacts({ files }) });
    expect(canonicalJson(plan({ source: sourceFacts({ files: files.toReversed() }) }))).toBe(canonicalJson(forwards));
    expect(forwards.copies.map(({ path }) => path)).toEqual(['COPYING.txt', 'LICENSE', 'NOTICE']);
  });

  it("is identical for any order of the target's files", () => {
    const full = {
      ...publishedTarget(plan()),
      files: [...publishedTarget(plan()).files, bytesFile('b.txt', text('b')), bytesFile('a.txt', text('a'))],
    };
    expect(canonicalJson(plan({ target: { ...full, files: full.files.toReversed() } }))).toBe(canonicalJson(plan({ target: full })));
  });

  it('refuses a tensor name with a lone surrogate', () => {
    const selection = selectionOf();
    const hostile = { ...selection, outputs: selection.outputs.map((output) => ({ ...output, name: 'mtp.\ud800' })) };
    expect(() => plan({ selection: hostile })).toThrow(expect.objectContaining({ code: 'digest/not-json', kind: 'integrity' }));
  });

  it('contains no time, host or local path', () => {
    const json = canonicalJson(plan());
    expect(json).not.toMatch(/\d{4}-\d\d-\d\dT|\/home\/|\/tmp\/|localhost|127\.0\.0\.1/);
  });

  it('changes its digest when the source moves', () => {
    expect(artifactPlanDigest(plan({ source: sourceFacts({ commit: commit('c') }) }))).not.toBe(artifactPlanDigest(plan()));
  });

  it('is unchanged when the target holds all of it', () => {
    const made = plan({ target: publishedTarget(plan()) });
    expect(made.action).toBe('unchanged');
    expect(made.operations.map(({ op }) => op)).toEqual(['keep', 'keep', 'keep', 'keep', 'keep']);
    expect(made.estimate).toEqual({ fetchBytes: 0, neededBytes: 0, outputBytes: 0, diskBytes: 0, memoryBytes: 0 });
  });

  it('is unchanged when only tool versions differ', () => {
    const old = publishedTarget(plan({ tools: { swp: '0.0.9' } }), { swp: '0.0.9' });
    expect(plan({ target: old }).action).toBe('unchanged');
  });

  it('rewrites only metadata when only the license differs', () => {
    const made = plan({ source: sourceFacts({ license: { id: 'mit', name: null, link: null } }), target: publishedTarget(plan()) });
    expect(made).toMatchObject({
      action: 'metadata-only',
      estimate: { fetchBytes: 0, outputBytes: 0, diskBytes: 2 ** 26, memoryBytes: 0 },
    });
    expect(made.operations).toContainEqual({ op: 'keep', path: 'mtp.safetensors', reason: 'its bytes are already there' });
  });

  it('warns of a foreign GGUF in the target', () => {
    const target = { ...absentTarget(), exists: true, head: commit('d'), files: [bytesFile('draft.gguf', text('x'))] };
    expect(check(plan({ target }), 'gguf-files')?.verdict).toBe('warn');
  });

  it('is blocked by an empty license file, which would be copied', () => {
    const files = [...sourceFacts().files, bytesFile('NOTICE', text(''))];
    expect(check(plan({ source: sourceFacts({ files }) }), 'empty-file')?.verdict).toBe('blocked');
  });

  it('is blocked by license files that differ in their capitals only', () => {
    const files = [...sourceFacts().files, bytesFile('license', text('theirs'))];
    expect(check(plan({ source: sourceFacts({ files }) }), 'path-collision')?.message).toContain('LICENSE and license');
  });

  it('needs nothing of a host when it is blocked', () => {
    const made = plan({ source: sourceFacts({ private: true }) });
    expect(made).toMatchObject({ action: 'blocked', estimate: { diskBytes: 0, memoryBytes: 0 } });
  });

  it('replaces everything when the source moved', () => {
    const made = plan({ source: sourceFacts({ commit: commit('c') }), target: publishedTarget(plan()) });
    expect(made.action).toBe('publish');
    expect(made.operations).toContainEqual(expect.objectContaining({ op: 'replace', path: 'mtp.safetensors' }));
  });

  it('warns of a changed file of an earlier publish, and publishes it again', () => {
    const target = publishedTarget(plan());
    const changed = {
      ...target,
      files: target.files.map((file) => (file.path === 'mtp.safetensors' ? { ...file, size: file.size + 1 } : file)),
    };
    const made = plan({ target: changed });
    expect(made.action).toBe('publish');
    expect(check(made, 'target-drift')).toMatchObject({ verdict: 'warn', message: expect.stringContaining('mtp.safetensors') });
  });

  it('keeps foreign files, and lists them', () => {
    const target = {
      ...absentTarget(),
      exists: true,
      head: commit('d'),
      files: [bytesFile('notes.txt', text('mine')), bytesFile('README.md', text('mine'))],
    };
    const made = plan({ target });
    expect(made.operations).toContainEqual(expect.objectContaining({ op: 'keep-foreign', count: 1, first: ['notes.txt'] }));
    expect(check(made, 'target-foreign')).toMatchObject({ verdict: 'warn', message: expect.stringContaining('README.md') });
  });

  it('deletes a file of the last publish that this one does not have', () => {
    const made = plan({
      source: sourceFacts({ files: sourceFacts().files.filter(({ path }) => path !== 'LICENSE') }),
      target: publishedTarget(plan()),
    });
    expect(made.operations).toContainEqual(expect.objectContaining({ op: 'delete', path: 'LICENSE' }));
  });

  it('is blocked from a private source to a public target', () => {
    const made = plan({ source: sourceFacts({ private: true }) });
    expect(made.action).toBe('blocked');
    expect(check(made, 'source-private')).toMatchObject({ verdict: 'blocked' });
    expect(plan({ source: sourceFacts({ private: true }), private: true }).action).toBe('publish');
  });

  it('warns about a gated source', () => {
    const made = plan({ source: sourceFacts({ gated: true }) });
    expect([made.action, check(made, 'source-gated')?.verdict]).toEqual(['publish', 'warn']);
  });

  it('keeps the visibility of a target that exists', () => {
    expect(plan({ target: { ...publishedTarget(plan()), private: true } }).target.private).toBe(true);
  });

  it('warns when an earlier record cannot be read, and counts its files as foreign', () => {
    const made = plan({ target: { ...publishedTarget(plan()), lastPublish: null, unreadablePublish: 'provenance.json is not JSON.' } });
    expect(check(made, 'target-record')).toMatchObject({ verdict: 'warn', message: expect.stringContaining('is not JSON') });
    expect(check(made, 'target-foreign')?.message).toContain('mtp.safetensors');
  });

  it.each([
    [200e9, 'publish', undefined],
    [201e9, 'publish', 'warn'],
    [501e9, 'blocked', 'blocked'],
  ] as const)('plans a payload of %d bytes with the action %s', (size, action, verdict) => {
    const selection = selectionOf();
    const made = plan({ selection: { ...selection, layout: { ...selection.layout, size } } });
    expect([made.action, check(made, 'file-size')?.verdict]).toEqual([action, verdict]);
  });

  it('warns about a missing license', () => {
    expect(check(plan({ source: sourceFacts({ license: null }) }), 'source-license')).toMatchObject({ verdict: 'warn' });
  });

  it('is blocked when there are no heads, and says that the config claims some', () => {
    const { files } = generateCheckpoint({ seed: 1, size: 'small', withMtp: false });
    const made = plan({ selection: selectionOf(files) });
    expect(made.action).toBe('blocked');
    expect(check(made, 'mtp-none-found')!.message).toContain('claims 1');
  });

  it('is blocked by a tensor that it cannot decode, with its name and the reason', () => {
    const { files } = generateCheckpoint({
      seed: 1,
      size: 'small',
      extraTensors: [{ name: 'mtp.layers.0.odd.weight', dtype: 'F8_E4M3', shape: [4, 4] }],
    });
    expect(check(plan({ selection: selectionOf(files) }), 'mtp-undecodable')).toMatchObject({
      verdict: 'blocked',
      message: expect.stringContaining('mtp.layers.0.odd.weight, F8_E4M3 [4, 4]: it has no scale'),
    });
  });

  it('warns of a replacement of the same size, which nodes would not fetch', () => {
    const moved = plan({ source: sourceFacts({ commit: commit('c') }), target: publishedTarget(plan()) });
    expect(check(moved, 'mtp-same-size')).toMatchObject({ verdict: 'warn', fix: expect.stringContaining(`${TARGET}-r2`) });
    expect(check(plan({ target: publishedTarget(plan()) }), 'mtp-same-size')).toBeUndefined();
  });
});

describe('the proof of source', () => {
  const shards = [...CHECKPOINT].filter(([path]) => path.endsWith('.safetensors')).map(([path, bytes]) => bytesFile(path, bytes));
  const touched = new Set(selectionOf().tensors.map(({ file }) => file));
  const touchedBytes = shards.reduce((sum, { path, size }) => sum + (touched.has(path) ? size : 0), 0);
  const { neededBytes, outputBytes } = plan().estimate;
  const MARGIN = 64 * 1024 * 1024;

  it('is a second reading when whole shards are much larger than the needed bytes', () => {
    const made = plan({ proveShards: touchedBytes / neededBytes - 0.01 });
    expect(made).toMatchObject({ proof: 'double-read', estimate: { fetchBytes: 2 * neededBytes, diskBytes: outputBytes + MARGIN } });
    expect(check(made, 'source-proof')?.message).toContain('read twice over separate connections');
  });

  it('is the digest of whole shards when they are not much larger, and counts them as disk space', () => {
    const made = plan({ proveShards: touchedBytes / neededBytes + 0.01 });
    expect(made).toMatchObject({
      proof: 'shard-sha256',
      estimate: { fetchBytes: touchedBytes, diskBytes: outputBytes + touchedBytes + MARGIN },
    });
    expect(check(made, 'source-proof')?.message).toContain('are read and hashed');
  });

  it('is the digest of whole shards when they are outside LFS', () => {
    const files = sourceFacts().files.map((file) => ({ ...file, lfs: null }));
    expect(plan({ source: sourceFacts({ files }), proveShards: 0 })).toMatchObject({
      proof: 'shard-sha256',
      estimate: { fetchBytes: touchedBytes },
    });
  });

  it('is part of the plan, but not of the recipe', () => {
    const [twice, hashed] = [plan({ proveShards: 0 }), plan({ proveShards: 1000 })];
    expect(artifactPlanDigest(twice)).not.toBe(artifactPlanDigest(hashed));
    expect(twice.recipeDigest).toBe(hashed.recipeDigest);
  });

  it('stays the same for a payload that stays', () => {
    const target = publishedTarget(plan({ proveShards: 1000 }));
    const made = plan({ source: sourceFacts({ license: { id: 'mit', name: null, link: null } }), target, proveShards: 0 });
    expect(made).toMatchObject({ action: 'metadata-only', proof: 'shard-sha256' });
    expect(check(made, 'source-proof')).toBeUndefined();
  });
});

describe('preconditions', () => {
  it('hold while the head is the planned one', () => {
    expect(comparePreconditions(plan(), absentTarget())).toEqual({ state: 'hold' });
  });

  it('have moved after another commit', () => {
    expect(comparePreconditions(plan(), { ...absentTarget(), exists: true, head: commit('e') })).toMatchObject({
      state: 'stale',
      reason: expect.stringContaining('eeee'),
    });
  });

  it('have moved when the target was renamed', () => {
    expect(comparePreconditions(plan(), { ...absentTarget(), repo: SOURCE })).toMatchObject({
      state: 'stale',
      reason: expect.stringContaining('renamed'),
    });
  });

  it('hold for another spelling of the target', () => {
    expect(comparePreconditions(plan(), { ...absentTarget(), repo: RepoId.parse(TARGET.toUpperCase()) })).toEqual({ state: 'hold' });
  });

  it('have moved when the same payload was published meanwhile and has been changed since', () => {
    const target = publishedTarget(plan());
    expect(comparePreconditions(plan(), { ...target, files: target.files.slice(1) })).toMatchObject({ state: 'stale' });
  });

  it('have moved when the repository turned private', () => {
    expect(comparePreconditions(plan(), { ...absentTarget(), exists: true, private: true })).toMatchObject({ state: 'stale' });
  });

  it('leave nothing to do when the same payload was published meanwhile', () => {
    expect(comparePreconditions(plan(), publishedTarget(plan()))).toMatchObject({ state: 'unchanged' });
  });
});
