import { describe, expect, it } from 'vitest';
import { RepoId } from '../../core/ids.js';
import type { ArtifactPlan, MirroredFile } from '../../plan/artifact-plan.js';
import { canonicalJson, sha256Of } from '../../core/digests.js';
import { CARD_PATH, fillCard } from '../../plan/card.js';
import type { RepoFile } from '../../hub/repo-file.js';
import type { SourceFacts, TargetFacts } from '../../plan/facts.js';
import { describeBytes, makeManifest } from '../../plan/manifest.js';
import { isMirrored, planVision, type VisionPlanInput } from '../../plan/plan-vision.js';
import { PROVENANCE_PATH } from '../../plan/provenance.js';
import { bytesFile, commit, PLAN_DIGEST, recordOf, TOOLS } from './fixtures.js';

const SOURCE = RepoId.parse('labs/vision-encoder');
const TARGET = RepoId.parse('FoxlightAI/vision-encoder');
const text = (words: string): Uint8Array => new TextEncoder().encode(words);

const FILES: Readonly<Record<string, string>> = {
  '.gitattributes': '*.safetensors filter=lfs',
  LICENSE: 'Apache License 2.0',
  NOTICE: 'a notice',
  'README.md': '# Vision encoder',
  'config.json': '{"model_type":"vision"}',
  'model.safetensors': 'weights',
  'nested/preprocessor_config.json': '{}',
  'nested/README.md': 'notes',
};

const listed = (files: Readonly<Record<string, string>>): RepoFile[] =>
  Object.entries(files).map(([path, words]) => bytesFile(path, text(words)));

const source = (files: Readonly<Record<string, string>> = FILES, over: Partial<SourceFacts> = {}): SourceFacts => ({
  repo: SOURCE,
  commit: commit('a'),
  private: false,
  gated: false,
  license: { id: 'apache-2.0', name: null, link: null },
  files: listed(files),
  ...over,
});

const mirroredOf = (files: Readonly<Record<string, string>>): MirroredFile[] =>
  Object.entries(files)
    .filter(([path]) => isMirrored(path))
    .map(([path, words]) => ({ ...describeBytes(path, text(words)), lfs: path.endsWith('.safetensors') }));

const absent: TargetFacts = {
  repo: TARGET,
  exists: false,
  head: null,
  private: false,
  files: [],
  lastPublish: null,
  unreadablePublish: null,
};

const planOf = (files: Readonly<Record<string, string>> = FILES, over: Partial<VisionPlanInput> = {}): ArtifactPlan =>
  planVision({ source: source(files), mirrored: mirroredOf(files), target: absent, private: false, tools: TOOLS, ...over });

/** The target as a publish of this plan leaves it. */
const published = (plan: ArtifactPlan, files: Readonly<Record<string, string>> = FILES): TargetFacts => {
  const payload = plan.mirrored!.map(({ lfs: _lfs, ...file }) => file);
  const card = text(fillCard(plan.card!.template, PLAN_DIGEST, makeManifest(payload).files));
  const manifest = makeManifest([...payload, describeBytes(CARD_PATH, card)]);
  const { last, text: record } = recordOf(plan, TARGET, manifest);
  return {
    ...absent,
    exists: true,
    head: commit('b'),
    files: [
      ...listed(files).filter(({ path }) => isMirrored(path)),
      bytesFile(CARD_PATH, card),
      bytesFile(PROVENANCE_PATH, record),
      bytesFile('.gitattributes', text('*.safetensors filter=lfs')),
    ],
    lastPublish: last,
  };
};

const check = (plan: ArtifactPlan, code: string) => plan.checks.find((one) => one.code === code);
const without = (...paths: string[]): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(FILES).filter(([path]) => !paths.includes(path)));

describe('the plan of a vision mirror', () => {
  it('matches the goldens for an absent target', async () => {
    await expect(`${JSON.stringify(planOf(), null, 2)}\n`).toMatchFileSnapshot('goldens/vision.json');
    await expect(planOf().card!.template).toMatchFileSnapshot('goldens/vision-card.md');
  });

  it('lists every mirrored file with size and digest, and names the files that it leaves out', () => {
    const plan = planOf();
    const wanted = Object.entries(FILES).filter(([path]) => !['.gitattributes', 'README.md'].includes(path));
    expect(new Map(plan.mirrored!.map(({ path, size, sha256 }) => [path, [size, sha256]]))).toEqual(
      new Map(wanted.map(([path, words]) => [path, [words.length, sha256Of(text(words))]])),
    );
    expect(check(plan, 'vision-left-out')?.message).toContain('.gitattributes, README.md');
  });

  it("is identical for any order of the source's files", () => {
    const backwards = source(FILES, { files: listed(FILES).toReversed() });
    expect(canonicalJson(planOf(FILES, { source: backwards, mirrored: mirroredOf(FILES).toReversed() }))).toBe(canonicalJson(planOf()));
  });

  it('is unchanged when the target holds all of it', () => {
    expect(planOf(FILES, { target: published(planOf()) })).toMatchObject({
      action: 'unchanged',
      estimate: { fetchBytes: 0, outputBytes: 0 },
    });
  });

  it('rewrites only metadata when only the license of the card differs', () => {
    const plan = planOf(FILES, { source: source(FILES, { license: { id: 'mit', name: null, link: null } }), target: published(planOf()) });
    expect(plan.action).toBe('metadata-only');
    expect(plan.operations.filter(({ op }) => op !== 'keep' && op !== 'keep-foreign')).toMatchObject([
      { op: 'replace', path: 'README.md' },
      { op: 'replace', path: 'provenance.json' },
    ]);
  });

  it('deletes our files that the source no longer has, and keeps foreign files', () => {
    const before = published(planOf());
    const target = { ...before, files: [...before.files, bytesFile('theirs.txt', text('theirs'))] };
    const now = without('NOTICE');
    const plan = planOf(now, { source: source(now, { commit: commit('c') }), target });
    expect(plan.action).toBe('publish');
    expect(plan.operations).toContainEqual(expect.objectContaining({ op: 'delete', path: 'NOTICE' }));
    expect(plan.operations).toContainEqual(expect.objectContaining({ op: 'keep-foreign', first: ['.gitattributes', 'theirs.txt'] }));
    expect(plan.operations).toContainEqual(expect.objectContaining({ op: 'keep', path: 'LICENSE' }));
  });

  it('replaces a changed file in the target, with a warning', () => {
    const before = published(planOf());
    const files = before.files.map((file) => (file.path === 'config.json' ? bytesFile('config.json', text('{"other":1}')) : file));
    const plan = planOf(FILES, { target: { ...before, files } });
    expect(plan.action).toBe('publish');
    expect(plan.operations).toContainEqual(expect.objectContaining({ op: 'replace', path: 'config.json' }));
    expect(check(plan, 'target-drift')?.verdict).toBe('warn');
  });

  it.each([
    ['no config.json in its root', without('config.json'), 'vision-config'],
    ['no model.safetensors in its root', without('model.safetensors'), 'vision-weights'],
    [
      'weights in several shards',
      { ...without('model.safetensors'), 'model-00001-of-00002.safetensors': 'a', 'model-00002-of-00002.safetensors': 'b' },
      'vision-shards',
    ],
  ])("warns of %s, which Skulk's loader does not accept", (_, files, code) => {
    expect(check(planOf(files), code)?.verdict).toBe('warn');
    expect(planOf(files).action).toBe('publish');
  });

  it.each([
    ['other capitals of our card', { 'README.MD': 'theirs' }, 'path-collision'],
    ['other capitals of our record', { 'Provenance.json': '{}' }, 'path-collision'],
    ['other capitals of .gitattributes', { '.gitAttributes': 'x' }, 'path-collision'],
    ['two names that differ in Unicode only', { 'caf\u00e9.json': '1', 'cafe\u0301.json': '2' }, 'path-collision'],
    ['a folder in place of our card', { 'README.md/notes.txt': 'theirs' }, 'path-collision'],
    ['a device of Windows', { 'nested/aux.txt': 'x' }, 'path-name'],
    ['a folder of git', { '.git/config': 'x' }, 'path-name'],
    ['an empty file', { '__init__.py': '' }, 'empty-file'],
  ])('is blocked when the source holds %s', (_, more, code) => {
    const plan = planOf({ ...FILES, ...more });
    expect(check(plan, code)?.verdict).toBe('blocked');
    expect(plan.action).toBe('blocked');
  });

  it('is blocked when the target holds a foreign file of the same name in other capitals', () => {
    const target = { ...absent, exists: true, head: commit('d'), files: [bytesFile('Config.JSON', text('theirs'))] };
    expect(check(planOf(FILES, { target }), 'path-collision')?.message).toContain('Config.JSON and config.json');
  });

  it.each([
    ['code', { 'modeling_vision.py': 'import os' }, 'code-files'],
    ['pickles', { 'pytorch_model.bin': 'x', 'nested/a.ckpt': 'x' }, 'pickle-files'],
    ['a GGUF beside the weights', { 'model-q4.gguf': 'x' }, 'gguf-files'],
  ])('warns of %s', (_, more, code) => {
    const plan = planOf({ ...FILES, ...more });
    expect([check(plan, code)?.verdict, plan.action]).toEqual(['warn', 'publish']);
    expect(check(plan, code)?.message).toContain(Object.keys(more)[0]);
  });

  it('warns of foreign empty files and GGUFs in the target', () => {
    const target = { ...absent, exists: true, head: commit('d'), files: [bytesFile('.keep', text('')), bytesFile('x.gguf', text('x'))] };
    const plan = planOf(FILES, { target });
    expect([check(plan, 'empty-file')?.verdict, check(plan, 'gguf-files')?.verdict, plan.action]).toEqual(['warn', 'warn', 'publish']);
  });

  it.each(['javascript:alert(1)', 'http://example.com/license', 'data:text/html,x', ' vbscript:x', 'ftp://example.com/x', 'file:///etc'])(
    'omits a license link that is not an https address: %s',
    (link) => {
      const plan = planOf(FILES, { source: source(FILES, { license: { id: 'other', name: 'mine', link } }) });
      expect(plan.card!.template).toContain('license_name: mine');
      expect(plan.card!.template).not.toContain('license_link');
      expect(check(plan, 'license-link')).toMatchObject({ verdict: 'warn', message: expect.stringContaining(link.trim()) });
    },
  );

  it.each(['https://example.com/license', 'LICENSE', './LICENSE.md'])('keeps a license link: %s', (link) => {
    const plan = planOf(FILES, { source: source(FILES, { license: { id: 'other', name: 'mine', link } }) });
    expect(plan.card!.template).toContain(`license_link: ${link}`);
    expect(check(plan, 'license-link')).toBeUndefined();
  });

  it('is blocked when there is nothing to mirror', () => {
    const plan = planOf({ 'README.md': 'a' });
    expect(plan.action).toBe('blocked');
    expect(check(plan, 'vision-files')?.verdict).toBe('blocked');
  });

  it('is blocked when a private source would become public', () => {
    expect(planOf(FILES, { source: source(FILES, { private: true }) }).action).toBe('blocked');
    expect(planOf(FILES, { source: source(FILES, { private: true }), private: true }).action).toBe('publish');
  });
});
