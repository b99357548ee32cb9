import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startLocalHub, type LocalHub } from '../../../dev/hub/index.js';
import { swp, type SwpRun } from '../../support/swp.js';
import { PAYLOAD, putPublished, type PublishedOptions } from './published.js';

const TARGET = 'acme/tiny-mtp';
let cwd: string;
let hub: LocalHub;
beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'swp-verify-'));
  hub = await startLocalHub({
    directory: join(cwd, 'hub'),
    tokens: [{ token: 'hf_reader', user: 'reader', orgs: ['acme'], role: 'read' }],
  });
  await writeFile(join(cwd, 'skulk-weights.yaml'), 'include_foxlight: false\nsources:\n  - name: acme\n    path: mine.yaml\n');
  await writeFile(
    join(cwd, 'mine.yaml'),
    `models:\n  - key: both\n    tier: smoke\n    mtp_source_repo: labs/tiny\n    mtp_sidecar_repo: ${TARGET}\n    vision_source_repo: labs/eyes\n    vision_sidecar_repo: acme/tiny-vision\n`,
  );
});
afterEach(async () => {
  await hub.close();
  await rm(cwd, { recursive: true, force: true });
});

const verify = (argv: readonly string[] = [TARGET], env: NodeJS.ProcessEnv = {}) =>
  swp(['verify', ...argv], { cwd, env: { HF_ENDPOINT: hub.url, HF_TOKEN: 'hf_reader', HOME: cwd, NO_COLOR: '1', ...env } });
const published = (options?: PublishedOptions) => putPublished(hub, TARGET, options);
const findings = async (argv?: readonly string[]): Promise<{ code: number; codes: string[] }> => {
  const { code, out } = await verify([...(argv ?? [TARGET]), '--json']);
  const [found] = JSON.parse(out) as [{ findings: { code: string; path: string | null }[] }];
  return { code, codes: found.findings.map((one) => (one.path === null ? one.code : `${one.code} ${one.path}`)) };
};

describe('swp verify of an intact target', () => {
  it('lists foreign files without a finding', async () => {
    await published();
    await hub.admin.commitFiles(TARGET, new Map([['notes.txt', Buffer.from('mine')]]), { message: 'Notes' });
    const { code, out } = await verify();
    expect(code).toBe(0);
    expect(out).toMatch(/head +[0-9a-f]{40}, after later commits\n[\s\S]*foreign +1 file not from this publish: notes\.txt/);
  });

  it('reads each byte of all files with --full', async () => {
    await published();
    const { out } = await verify([TARGET, '--full', '--json']);
    const bytes = [...PAYLOAD.values()].reduce((sum, { byteLength }) => sum + byteLength, 0);
    const [found] = JSON.parse(out) as [{ readBack: { bytes: number; ofBytes: number }; files: number }];
    expect(found.files).toBe(PAYLOAD.size + 1);
    expect(found.readBack.bytes).toBeGreaterThan(bytes);
    expect(found.readBack.ofBytes).toBe(found.readBack.bytes);
  });
});

/** Replaces the digests and commits of this run. */
const clean = ({ code, out, err }: SwpRun): string =>
  `exit ${code}\n--- stdout\n${out}--- stderr\n${err}`
    .replaceAll(/\b[0-9a-f]{64}\b/g, '<digest>')
    .replaceAll(/(commit\W+|head\W+|newest (?:is )?)[0-9a-f]{40}/g, '$1<commit>')
    .replaceAll(hub.url, '<hub>');

describe('the output of swp verify', () => {
  it.each<[string, readonly string[]]>([
    ['verify', [TARGET]],
    ['verify-json', [TARGET, '--json']],
    ['verify-absent', ['acme/nowhere']],
    ['verify-unknown', ['nowhere']],
  ])('matches the golden %s', async (name, argv) => {
    await published();
    await expect(clean(await verify(argv))).toMatchFileSnapshot(`goldens/${name}.txt`);
  });

  it.each<[string, readonly string[]]>([
    ['verify-differs', [TARGET]],
    ['verify-differs-json', [TARGET, '--json']],
  ])('matches the golden %s', async (name, argv) => {
    await published({ trailers: { plan: `sha256:${'0'.repeat(64)}` } });
    await hub.admin.commitFiles(TARGET, new Map([['notes.txt', Buffer.from('mine')]]), { message: 'x', remove: ['README.md'] });
    await expect(clean(await verify(argv))).toMatchFileSnapshot(`goldens/${name}.txt`);
  });
});

describe('swp verify finds', () => {
  it('a changed file and a missing one', async () => {
    await published();
    await hub.admin.commitFiles(TARGET, new Map([['mtp.safetensors', Buffer.alloc(40_000, 8)]]), { message: 'x', remove: ['README.md'] });
    expect(await findings()).toEqual({ code: 7, codes: ['later-commits', 'file-gone README.md', 'file-differs mtp.safetensors'] });
    const { out, err } = await verify();
    expect(out).toMatch(/differs from what was published\n[\s\S]*file-gone {2}README\.md is missing\.\n/);
    expect(err).toContain('Do not load targets that differ.');
  });

  it('bytes that differ from the listing of the Hub', async () => {
    await published();
    const stop = hub.on(({ operation }) => (operation === 'cdn' ? { kind: 'corrupt-answer', at: 100 } : undefined));
    expect(await findings().finally(stop)).toEqual({ code: 7, codes: ['bytes-differ mtp.safetensors'] });
  });

  it.each([
    ['cdn', 'the bytes of mtp.safetensors do not match the digest that the commit lists'],
    ['resolve', 'provenance.json does not match its commit'],
  ])('nothing when a response of %s is wrong only once, and reports the retry', async (wanted, warning) => {
    await published();
    let times = 1;
    const stop = hub.on(({ operation, method }) => {
      if (operation !== wanted || method === 'HEAD' || times === 0) return undefined;
      times -= 1;
      return { kind: 'corrupt-answer', at: 5 };
    });
    const { code, out, err } = await verify().finally(stop);
    expect(code).toBe(0);
    expect(err).toContain('Retrying in');
    expect(err).toContain(warning);
    if (wanted === 'cdn') expect(out).toMatch(/reread +1 file, wrong on the first read only: mtp\.safetensors/);
  });

  it('no other writer when the Hub serves bytes that it does not list', async () => {
    await published();
    const stop = hub.on(({ operation }) => (operation === 'cdn' ? { kind: 'corrupt-answer', at: 100 } : undefined));
    const { code, err } = await verify().finally(stop);
    expect(code).toBe(7);
    expect(err).toContain('lists the right files but serves other bytes');
    expect(err).not.toContain('who wrote to it');
  });

  it.each<[string, PublishedOptions, string]>([
    ['a manifest that differs from its commit', { trailers: { manifest: `sha256:${'0'.repeat(64)}` } }, 'record-broken'],
    ['a plan that differs from its commit', { trailers: { plan: `sha256:${'0'.repeat(64)}` } }, 'plan-differs'],
    ['a record that is not JSON', { record: () => 'hello' }, 'record-broken'],
    ['a record that is not text', { record: () => new Uint8Array([0xff, 0xfe, 0x80]) }, 'record-broken'],
    ['the record of another target', { record: (text) => text.replace(`"target":"${TARGET}"`, '"target":"acme/other"') }, 'other-target'],
    ['a record without an approval', { record: (text) => text.replace('"verdict":"approve"', '"verdict":"reject"') }, 'not-approved'],
    ['a recipe that differs from its digest', { record: (text) => text.replace(/"names":"skulk"/, '"names":"source"') }, 'recipe-differs'],
  ])('%s', async (_, options, code) => {
    await published(options);
    expect(await findings()).toEqual({ code: 7, codes: [code] });
  });
});

describe('swp verify of the whole catalog', () => {
  const env = () => ({ HF_ENDPOINT: hub.url, HF_TOKEN: 'hf_reader', HOME: cwd, NO_COLOR: '1' });
  const all = (...argv: readonly string[]) => swp(['verify', ...argv], { cwd, env: env() });

  it('reports the findings of each target and its source', async () => {
    await published();
    await hub.admin.commitFiles(TARGET, new Map([['README.md', Buffer.from('# Mine')]]), { message: 'x' });
    const { code, out, err } = await all();
    expect(code).toBe(7);
    expect(out).toMatch(/^acme\/both\tacme\/tiny-mtp\tattention\tcard-differs\tREADME\.md has 6 bytes/m);
    expect(out).toContain('acme/both\tacme/tiny-mtp\tattention\tsource-gone\t');
    expect(out).toContain('acme/both\tacme/tiny-vision\tattention\ttarget-absent\t');
    expect(err).toContain('Found: 3 findings and 1 note in 2 targets; compared with the listing of the Hub; no bytes were read back.');
  });

  it('exits 1 when there are findings but the published files are intact', async () => {
    await published();
    const { code, out } = await all('--json');
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({ targets: 2, attention: 2, info: 0, digest: expect.stringMatching(/^sha256:/) });
  });

  it('prints Markdown with --markdown', async () => {
    await published();
    expect((await all('--markdown')).out).toMatch(
      /^## Published: 2 findings in 2 targets\n\nCompared with the listing of the Hub; no bytes were read back\.\n\n\| entry \| target \|/,
    );
    expect(await all(TARGET, '--markdown')).toMatchObject({ code: 2, err: expect.stringContaining('leave the name out') });
  });

  it('checks the valid entries of a catalog with a mistake', async () => {
    await published();
    await writeFile(
      join(cwd, 'mine.yaml'),
      `models:\n  - key: both\n    tier: smoke\n    mtp_source_repo: labs/tiny\n    mtp_sidecar_repo: ${TARGET}\n  - key: NO\n    tier: smoke\n`,
    );
    const { code, out } = await all();
    expect(code).toBe(1);
    expect(out).toMatch(/^\t\tattention\tcatalog-invalid\t.*mine\.yaml:6: key: /);
  });

  it.each(['--full', '--rebuild'])('refuses %s without an entry or a target', async (flag) => {
    expect(await all(flag)).toMatchObject({ code: 2, err: expect.stringContaining('name an entry or a target') });
  });

  it('reports a commit by an account outside SWP_PUBLISHERS', async () => {
    await published();
    const { code, out } = await swp(['verify', TARGET], { cwd, env: { ...env(), SWP_PUBLISHERS: 'writer' } });
    expect(code).toBe(7);
    expect(out).toMatch(/foreign-commit {2}Commit [0-9a-f]{40} is by acme, not by a publisher\./);
  });
});

describe('swp verify', () => {
  it('checks each target of an entry, and reports one without a publish', async () => {
    await published();
    await hub.admin.createRepo('acme/tiny-vision');
    const { code, out } = await verify(['acme/both']);
    expect(code).toBe(1);
    expect(out).toMatch(/^acme\/tiny-mtp: intact, 41\.7 kB of 41\.7 kB read back\n/);
    expect(out).toMatch(/\n\nacme\/tiny-vision: not published by SWP; its head is [0-9a-f]{40}\n$/);
  });

  it.each([
    ['a missing repository', ['acme/nowhere'], {}, 1, /not found on Hub \S+ \(HF_ENDPOINT\) with this token/],
    ['an invalid name', ['bad name'], {}, 1, /The catalog has no entry bad name/],
    ['a token that the Hub does not know', [TARGET], { HF_TOKEN: 'hf_nobody' }, 6, /HF_TOKEN/],
    ['an address without a Hub', [TARGET], { HF_ENDPOINT: 'http://127.0.0.1:1' }, 5, /HF_ENDPOINT/],
  ])(
    'reports %s',
    async (_, argv, env, expected, message) => {
      await published();
      const { code, out, err } = await verify(argv, env);
      expect(out + err).toMatch(message);
      expect(code).toBe(expected);
    },
    60_000,
  );

  it('treats a mistyped entry as a repository, and suggests the entry', async () => {
    const { err, code } = await verify(['acme/bothh']);
    expect([code, err]).toEqual([1, expect.stringMatching(/Treating it as a repository\. Did you mean acme\/both\?/)]);
  });

  it('strips control characters and line breaks from a hostile record', async () => {
    const hostile = '\\u001b[2J\\u202eada\\nfake: intact';
    await published({ record: (text) => text.replace('"reviewer":"ada"', `"reviewer":"${hostile}"`) });
    const { out } = await verify();
    expect(out).toContain('ada');
    expect(out).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
    expect(out).not.toMatch(/^fake: intact/m);
  });
});
