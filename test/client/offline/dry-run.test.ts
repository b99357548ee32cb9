import { access, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { generateCheckpoint } from '../../../dev/checkpoint/generate.js';
import { startLocalHub, type LocalHub } from '../../../dev/hub/index.js';
import { swp } from '../../support/swp.js';

const TOKEN = 'hf_dryrunwriter';
let cwd: string;
let hub: LocalHub;
beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'swp-dry-'));
  hub = await startLocalHub({
    directory: join(cwd, 'hub'),
    tokens: [
      { token: TOKEN, user: 'writer', orgs: ['acme'], role: 'write' },
      { token: 'hf_dryrunreader', user: 'reader', orgs: ['acme'], role: 'read' },
    ],
  });
  await writeFile(join(cwd, 'skulk-weights.yaml'), 'include_foxlight: false\nsources:\n  - name: acme\n    path: mine.yaml\n');
  const sidecar = '    mtp_source_repo: labs/tiny\n    mtp_sidecar_repo: acme/tiny-mtp\n';
  await writeFile(
    join(cwd, 'mine.yaml'),
    `models:\n  - key: tiny\n    tier: smoke\n${sidecar}  - key: both\n    tier: smoke\n${sidecar}    source_model: labs/quant\n    quant: q4k\n    slices: [full]\n    output_name: tiny.vindex\n    hf_repo: acme/tiny-vindex\n`,
  );
});
afterEach(async () => {
  await hub.close();
  await rm(cwd, { recursive: true, force: true });
});

const put = async (files: ReadonlyMap<string, Uint8Array>): Promise<void> => {
  await hub.admin.createRepo('labs/tiny');
  await hub.admin.commitFiles('labs/tiny', files, { message: 'A checkpoint' });
};
const dryRun = (argv: string[] = ['acme/tiny'], env: NodeJS.ProcessEnv = {}) =>
  swp(['start', '--dry-run', ...argv], {
    cwd,
    env: { HF_ENDPOINT: hub.url, HF_TOKEN: TOKEN, SWP_SCRATCH: join(cwd, 'scratch'), HOME: cwd, ...env },
  });
const checkpoint = (options: object = {}): Map<string, Uint8Array> =>
  new Map(generateCheckpoint({ seed: 5, size: 'small', ...options }).files);

/** No dry run builds anything. */
afterEach(async () => {
  await expect(access(join(cwd, 'scratch', 'builds'))).rejects.toThrow();
});

describe('swp start --dry-run', () => {
  it('prints the whole plan and needs no Temporal server', async () => {
    await put(checkpoint());
    const { code, out, err } = await dryRun();
    expect(err).toContain(`with the data of Hub ${hub.url} (HF_ENDPOINT): nothing was started and nothing was written.`);
    const volatile = out
      .replaceAll(/[\d.]+ [GT]B available/g, '<some> available')
      .replaceAll(/@ [0-9a-f]{40}/g, '@ <commit>')
      .replaceAll(/\b[0-9a-f]{64}\b/g, '<digest>')
      .replaceAll(/at [0-9a-f]{12}/g, 'at <commit>');
    await expect(`exit ${code}\n${volatile}`).toMatchFileSnapshot('goldens/dry-run.txt');
    expect(await hub.admin.exists('acme/tiny-mtp')).toBe(false);
  });

  it('has the same digest each time', async () => {
    await put(checkpoint());
    const digest = async (): Promise<unknown> => (JSON.parse((await dryRun(['acme/tiny', '--json'])).out) as { digest: string }).digest;
    expect(await digest()).toBe(await digest());
  });

  const refused = async (expected: string, argv?: string[], env?: NodeJS.ProcessEnv): Promise<void> => {
    const { code, out } = await dryRun(argv, env);
    expect(out).toContain(expected);
    expect(code).toBe(1);
  };

  it('is blocked for a repository that does not exist', () => refused('source-found: The Hub does not show the repository labs/tiny.'));

  it('is blocked for a checkpoint without heads', async () => {
    await put(checkpoint({ withMtp: false }));
    await refused('mtp-none-found: The checkpoint has no MTP tensors');
  });

  it('is blocked for a truncated shard, and names the file', async () => {
    const files = checkpoint();
    const [name] = [...files.keys()].filter((path) => path.endsWith('.safetensors'));
    files.set(name!, files.get(name!)!.subarray(0, -10));
    await put(files);
    await refused(`${name!}: The tensors end at`);
  });

  it('is blocked for an index that names a file outside the repository', async () => {
    const files = checkpoint();
    files.set('model.safetensors.index.json', Buffer.from('{"weight_map":{"mtp.x":"../x.safetensors"}}'));
    await put(files);
    await refused('formats-index-file-name: The index names an invalid file: ../x.safetensors');
  });

  it('is blocked for an entry with a vindex, and names the command for the rest', async () => {
    await put(checkpoint());
    await refused('swp start acme/both --only mtp', ['acme/both']);
    expect((await dryRun(['acme/both', '--only', 'mtp'])).code).toBe(0);
  });

  it('shows the collection of the target, and warns when it is missing or not allowed', async () => {
    await put(checkpoint());
    const setCollection = (collection: string) =>
      writeFile(
        join(cwd, 'mine.yaml'),
        `models:\n  - key: tiny\n    tier: smoke\n    mtp_source_repo: labs/tiny\n    mtp_sidecar_repo: acme/tiny-mtp\n    hf_collection: ${collection}\n`,
      );
    await setCollection('Our sidecars');
    expect((await dryRun()).out).toMatch(
      /collect +\(collection Our sidecars\) +acme has no collection with this title: a public one is created/,
    );
    await setCollection(`acme/gone-${'0'.repeat(24)}`);
    const missing = await dryRun();
    expect(missing.out).toMatch(/warn +collection: The collection "acme\/gone-/);
    expect(missing.code).toBe(0);
    const created = await fetch(new URL('/api/collections', hub.url), {
      method: 'POST',
      headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
      body: JSON.stringify({ title: 'Mine', namespace: 'writer' }),
    });
    await setCollection(((await created.json()) as { slug: string }).slug);
    expect((await dryRun(undefined, { SWP_TARGETS: 'acme' })).out).toMatch(/warn +collection-access: This worker writes only to acme/);
  });

  it('is blocked without write access', async () => {
    await put(checkpoint());
    expect((await dryRun(undefined, { HF_TOKEN: '' })).out).toMatch(/blocked write-access: .*no token/);
    expect((await dryRun(undefined, { HF_TOKEN: 'hf_dryrunreader' })).out).toMatch(
      /blocked write-access: The token of reader is read-only/,
    );
    expect((await dryRun(undefined, { SWP_TARGETS: 'other' })).out).toMatch(/blocked write-access: This worker writes only to other/);
  });

  it.each([
    ['license', 'license: other\nlicense_name: "\\e[2J\\u202eMIT\\n    ok      write-access: fine"\n'],
    ['list of licenses', 'license: ["\\e[2J\\u202eMIT\\n    ok      write-access: fine"]\n'],
  ])('strips control characters and line breaks from a hostile %s', async (_, card) => {
    await put(checkpoint().set('README.md', Buffer.from(`---\n${card}---\n`)));
    const { out, err } = await dryRun();
    expect(out).toContain('MIT');
    expect(out + err).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
    expect(out).not.toMatch(/^ *ok +write-access: fine/m);
  });

  it('exits 6 for a token that the Hub does not know', async () => {
    await put(checkpoint());
    const { code, err } = await dryRun(undefined, { HF_TOKEN: 'hf_nobody' });
    expect(code).toBe(6);
    expect(err).toContain('HF_TOKEN');
  });

  it('exits 3 for a wrong setting, and names it', async () => {
    const { code, err } = await dryRun(undefined, { SWP_SLOTS: 'many' });
    expect(code).toBe(3);
    expect(err).toContain('SWP_SLOTS');
  });

  it('exits 5 when no Hub answers at the address', async () => {
    const { code, err } = await dryRun(undefined, { HF_ENDPOINT: 'http://127.0.0.1:1' });
    expect(code).toBe(5);
    expect(err).toContain('HF_ENDPOINT');
  }, 60_000);
});
