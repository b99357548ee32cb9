import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { sha256Of } from '../../core/digests.js';
import { blocksOf, readDocuments } from '../support/documents.js';
import { snapshotOf } from '../support/snapshot.js';
import { TestEnvironment } from '../support/test-environment.js';

const guide = (await readDocuments()).find(({ path }) => path === 'docs/on-the-hub.md')!;
const blocks = blocksOf(guide);
const jqLine = blocks.find(({ text }) => text.startsWith('jq -cSj'))!.text;
const sumLine = blocks.flatMap(({ text }) => text.split('\n')).find((line) => line.includes('sha256sum --check'))!;
const hasTools = await execa('sh', ['-c', 'command -v jq && command -v sha256sum'], { reject: false });

let testEnvironment: TestEnvironment;
let files: ReadonlyMap<string, Buffer>;
beforeAll(async () => {
  testEnvironment = await TestEnvironment.open('on-the-hub');
  // Large enough for samples in its manifest.
  await testEnvironment.putSource({ extraTensors: [{ name: 'mtp.layers.0.large.weight', dtype: 'BF16', shape: [4_096, 2_200] }] });
  await testEnvironment.start();
  await testEnvironment.approve();
  await testEnvironment.result();
  files = await snapshotOf(testEnvironment.hub.url, testEnvironment.target, 'main', testEnvironment.directory);
  await writeFile(join(testEnvironment.directory, 'check.py'), blocks.find(({ language }) => language === 'python')!.text);
}, 300_000);
afterAll(() => testEnvironment.close());

const Commit = z.object({ title: z.string(), body: z.string() });

/** A clone as git with LFS makes it: the newest commit's files, and its message. */
let clone: string;
let made = 0;
const git = (...words: string[]) =>
  execa('git', ['-C', clone, '-c', 'user.name=publisher', '-c', 'user.email=publisher@example.org', ...words]);
beforeEach(async () => {
  made += 1;
  clone = join(testEnvironment.directory, `clone-${made}`);
  for (const [path, bytes] of files) {
    await mkdir(dirname(join(clone, path)), { recursive: true });
    await writeFile(join(clone, path), bytes);
  }
  const [newest] = await testEnvironment.hub.admin.listCommits(testEnvironment.target);
  const { title, body } = Commit.parse(newest);
  await git('init', '--quiet');
  await git('add', '--all');
  await git('commit', '--quiet', '--message', `${title}\n\n${body}`);
});

const check = () => execa('python3', [join(testEnvironment.directory, 'check.py'), clone], { reject: false });

/** Changes `provenance.json` in the clone. */
const changeRecord = async (change: (text: string) => string): Promise<void> => {
  const path = join(clone, 'provenance.json');
  const before = await readFile(path, 'utf8');
  const after = change(before);
  expect(after).not.toBe(before);
  await writeFile(path, after);
};

describe('the recipe that checks a published repository without SWP', () => {
  it('reports a published repository as intact', async () => {
    expect(files.get('provenance.json')!.toString()).toContain('"samples":[{"begin":0,');
    const { exitCode, stdout } = await check();
    expect([exitCode, stdout]).toEqual([0, expect.stringMatching(/^[0-9a-f]{40}: 4 files as published$/)]);
  });

  it('reports a repository as intact after a later commit that changes none of our files', async () => {
    await writeFile(join(clone, 'notes.txt'), 'not ours');
    await git('add', '--all');
    await git('commit', '--quiet', '--message', 'Notes');
    expect((await check()).exitCode).toBe(0);
  });

  it('names a file with one changed byte', async () => {
    const bytes = Buffer.from(files.get('mtp.safetensors')!);
    bytes[bytes.length - 1]! ^= 1;
    await writeFile(join(clone, 'mtp.safetensors'), bytes);
    const { exitCode, stdout } = await check();
    expect([exitCode, stdout]).toEqual([1, expect.stringContaining('mtp.safetensors is not the file that was published')]);
  });

  it('detects a provenance that was changed to match another file', async () => {
    await writeFile(join(clone, 'LICENSE'), 'None.');
    await changeRecord((text) => text.replace(/"size":\d+\},"digest":\{[^}]*\}/, `"size":5},"digest":{"sha256":"${sha256Of('None.')}"}`));
    const { exitCode, stdout } = await check();
    expect([exitCode, stdout]).toEqual([1, expect.stringMatching(/provenance\.json lists manifest sha256:.*, the commit says sha256:/)]);
  });

  it('detects samples that differ from the manifest', async () => {
    await changeRecord((text) => text.replace('"samples":[{"begin":0,', '"samples":[{"begin":1,'));
    const { exitCode, stdout } = await check();
    expect([exitCode, stdout]).toEqual([1, expect.stringContaining('provenance.json lists manifest sha256:')]);
  });

  it('detects decisions about another plan', async () => {
    await changeRecord((text) => text.replaceAll(/"plan":"sha256:[0-9a-f]{8}/g, '"plan":"sha256:00000000'));
    const { exitCode, stdout } = await check();
    expect([exitCode, stdout]).toEqual([1, expect.stringContaining('provenance.json speaks of sha256:00000000')]);
  });

  it('reports a repository that SWP did not publish', async () => {
    await git('commit', '--quiet', '--amend', '--message', 'By hand');
    const { exitCode, stderr } = await check();
    expect([exitCode, stderr]).toEqual([1, 'no commit here has the trailer SWP-Manifest']);
  });
});

// A machine without these programs can use the Python recipe instead.
describe.skipIf(hasTools.exitCode !== 0)('the lines with jq and sha256sum', () => {
  it("print the digest of the commit's trailer", async () => {
    const { stdout } = await execa('sh', ['-c', jqLine], { cwd: clone });
    const { stdout: message } = await git('log', '-1', '--format=%B');
    expect(message).toContain(`SWP-Manifest: sha256:${stdout.slice(0, 64)}`);
  });

  it('compare the files with the record', async () => {
    const { stdout } = await execa('sh', ['-c', sumLine], { cwd: clone });
    expect(stdout.split('\n')).toEqual(['LICENSE: OK', 'README.md: OK', 'mtp.safetensors: OK', 'mtp.tensors.json: OK']);
  });
});
