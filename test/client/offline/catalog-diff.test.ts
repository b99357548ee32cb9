import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { generateCheckpoint } from '../../../dev/checkpoint/generate.js';
import { startLocalHub, type LocalHub } from '../../../dev/hub/index.js';
import { projectRoot } from '../../../dev/temporal/project.js';
import { swp, type SwpOptions } from '../../support/swp.js';

const WRITER = 'hf_diffwriter';
let cwd: string;
let hub: LocalHub;
beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'swp-diff-'));
  hub = await startLocalHub({
    directory: join(cwd, 'hub'),
    tokens: [{ token: WRITER, user: 'writer', orgs: ['acme'], role: 'write' }],
  });
});
afterEach(async () => {
  await hub.close();
  await rm(cwd, { recursive: true, force: true });
});

const sidecar = (key: string, over: Record<string, unknown> = {}) => ({
  key,
  tier: 'smoke',
  mtp_source_repo: 'labs/tiny',
  mtp_sidecar_repo: `acme/${key}-mtp`,
  ...over,
});

/** Writes the base or the head catalog. */
const write = async (which: 'base' | 'head', models: readonly Record<string, unknown>[]): Promise<void> => {
  await mkdir(join(cwd, which), { recursive: true });
  await writeFile(
    join(cwd, which, 'skulk-weights.yaml'),
    stringify({ include_foxlight: false, sources: [{ name: 'acme', path: 'mine.yaml' }] }),
  );
  await writeFile(join(cwd, which, 'mine.yaml'), stringify({ models }));
};
const put = async (repo = 'labs/tiny', options: object = {}, made: object = {}): Promise<string> => {
  if (!(await hub.admin.exists(repo))) await hub.admin.createRepo(repo, options);
  return hub.admin.commitFiles(repo, generateCheckpoint({ seed: 5, size: 'small', ...made }).files, { message: 'A checkpoint' });
};
const diff = (argv: readonly string[] = [], { env = {}, ...options }: Partial<SwpOptions> = {}) =>
  swp(['catalog', 'diff', '--base', '../base', ...argv], {
    cwd: join(cwd, 'head'),
    env: { HF_ENDPOINT: hub.url, HOME: cwd, NO_COLOR: '1', ...env },
    ...options,
  });

/** Replaces the parts that differ from run to run. */
const clean = (text: string): string =>
  text
    .replaceAll(cwd, '<cwd>')
    .replaceAll(projectRoot(), '<project>')
    .replaceAll(hub.url, '<hub>')

    .replaceAll(/[\d.]+ [MGT]B available/g, '<disk> available')
    .replaceAll(/\b[0-9a-f]{64}\b/g, '<digest>')
    .replaceAll(/\b[0-9a-f]{40}\b/g, '<commit>')
    .replaceAll(/\bat [0-9a-f]{12}\b/g, 'at <commit>')
    .replaceAll(/\(request [\w-]+\)/g, '(request <id>)');
const golden = async (name: string, argv: readonly string[], options: Partial<SwpOptions> = {}): Promise<void> => {
  const { code, out, err } = await diff(argv, options);
  await expect(`exit ${code}\n--- stdout\n${clean(out)}--- stderr\n${clean(err)}`).toMatchFileSnapshot(`goldens/${name}.txt`);
};

/** Writes catalogs with added, removed, changed and unchanged entries. */
const writeBothCatalogs = async (): Promise<void> => {
  const first = await put();
  const second = await put('labs/tiny', {}, { seed: 6 });
  await write('base', [sidecar('moved', { mtp_source_revision: first }), sidecar('renamed'), sidecar('gone'), sidecar('kept')]);
  await write('head', [
    sidecar('moved', { mtp_source_revision: second }),
    sidecar('renamed', { tier: 'moe' }),
    sidecar('kept'),
    sidecar('new', { mtp_source_repo: 'labs/secret' }),
    sidecar('fresh'),
  ]);
};

describe('swp catalog diff', () => {
  it.each([
    ['diff', [], false],
    ['diff-terminal', [], true],
    ['diff-markdown', ['--markdown'], false],
    ['diff-json', ['--json'], false],
  ] as [string, string[], boolean][])('prints the golden %s', async (name, argv, terminal) => {
    await writeBothCatalogs();
    await golden(name, argv, { terminal });
  });

  it('prints the golden diff-equal for equal catalogs, without a request to the Hub', async () => {
    await write('base', [sidecar('kept')]);
    await write('head', [sidecar('kept')]);
    await golden('diff-equal', ['--markdown']);
    expect(hub.requests).toEqual([]);
  });

  it('prints the golden help', () => golden('diff-help', ['--help'], { cwd }));
});

describe('a catalog with mistakes', () => {
  beforeEach(async () => {
    await write('base', [sidecar('kept')]);
    await write('head', [
      sidecar('kept'),
      sidecar('other', { mtp_sidecar_repo: 'acme/kept-mtp', mtp_source_repo: 'labs/other' }),
      sidecar('quantised', { mtp_quant: 'q4' }),
    ]);
  });

  it.each([
    ['diff-broken', []],
    ['diff-broken-markdown', ['--markdown']],
    ['diff-broken-json', ['--json', '--markdown']],
  ])('%s exits 3 and matches its golden', (name, argv) => golden(name, argv));

  it('exits 0 when only the base has mistakes', async () => {
    await put();
    await write('base', [sidecar('kept', { mtp_quant: 'q4' })]);
    await write('head', [sidecar('kept')]);
    await golden('diff-base-broken', ['--markdown']);
  });

  it('is distinguished from a missing catalog', () => golden('diff-no-base', ['--base', 'nowhere']));
});

interface Shown {
  readonly entries: readonly {
    readonly reason: string | null;
    readonly plan: {
      readonly digest: string;
      readonly artifacts: readonly { readonly action: string; readonly checks: readonly { readonly code: string }[] }[];
    } | null;
  }[];
}
/** Reviews these models against an empty base, and returns the first entry. */
const reviewed = async (models: readonly Record<string, unknown>[], options?: Partial<SwpOptions>) => {
  await write('base', []);
  await write('head', models);
  const { code, out } = await diff(['--json'], options);
  const [entry] = (JSON.parse(out) as Shown).entries;
  return { code, ...entry! };
};

describe('the plan of an added entry', () => {
  it('is that of a dry run', async () => {
    await put();
    const env = { HF_TOKEN: WRITER };
    const { plan } = await reviewed([sidecar('tiny')], { env });
    const dryRun = await swp(['start', 'acme/tiny', '--dry-run', '--json'], {
      cwd: join(cwd, 'head'),
      env: { HF_ENDPOINT: hub.url, HOME: cwd, SWP_SCRATCH: join(cwd, 'scratch'), ...env },
    });
    expect(plan!.digest).toBe((JSON.parse(dryRun.out) as { digest: string }).digest);
  });

  it('can be blocked, which does not fail the command', async () => {
    await put('labs/tiny', {}, { withMtp: false });
    const { code, plan } = await reviewed([sidecar('tiny')], { env: { HF_TOKEN: WRITER } });
    expect([code, plan!.artifacts[0]!.action]).toEqual([0, 'blocked']);
    expect(plan!.artifacts[0]!.checks.map((check) => check.code)).toContain('mtp-none-found');
  });

  it.each([
    ['private', { private: true }],
    ['gated', { gated: 'auto' }],
  ])('is blocked for a %s source without a token', async (_, options) => {
    await put('labs/tiny', options);
    const { code, plan } = await reviewed([sidecar('tiny')]);
    expect([code, plan?.artifacts[0]?.action]).toEqual([0, 'blocked']);
  });

  it('is missing, with the reason, when the Hub does not answer', async () => {
    const { code, plan, reason } = await reviewed([sidecar('tiny')], { env: { HF_ENDPOINT: 'http://127.0.0.1:1' } });
    expect([code, plan]).toEqual([0, null]);
    expect(reason).toContain('ECONNREFUSED');
  }, 60_000);

  it('is missing, with the reason, when the Hub does not know the token', async () => {
    await put();
    const { code, plan, reason } = await reviewed([sidecar('tiny')], { env: { HF_TOKEN: 'hf_nobody' } });
    expect([code, plan]).toEqual([0, null]);
    expect(reason).toContain('401');
  });
});

describe('a checkout of SWP', () => {
  const checkout = async (foxlight: string, name = 'skulk-weights-publisher'): Promise<void> => {
    await mkdir(join(cwd, 'base', 'catalog'), { recursive: true });
    await mkdir(join(cwd, 'head'));
    await writeFile(join(cwd, 'base', 'package.json'), JSON.stringify({ name }));
    await writeFile(join(cwd, 'base', 'catalog', 'foxlight.yaml'), foxlight);
  };

  it('is compared with its own built-in entries', async () => {
    await checkout(stringify({ models: [sidecar('old')] }));
    const { out } = await diff(['--json'], { env: { HF_ENDPOINT: 'http://127.0.0.1:1' } });
    const { entries } = JSON.parse(out) as { entries: { name: string; change: string }[] };
    expect(entries.filter(({ change }) => change === 'added')).toHaveLength(12);
    expect(entries.filter(({ change }) => change === 'removed').map(({ name }) => name)).toEqual(['foxlight/old']);
  }, 120_000);

  it('is distinguished from another project with such a file', async () => {
    await checkout('models: []\n', 'something-else');
    expect((await diff()).out).toBe('Catalog: no entry differs\n');
  });
});

it('ignores catalogs above a base directory without a skulk-weights.yaml', async () => {
  await put();
  await write('head', [sidecar('tiny')]);
  await mkdir(join(cwd, 'head', 'empty'));
  const { out } = await diff(['--base', 'empty', '--json']);
  const { entries } = JSON.parse(out) as { entries: { name: string; change: string }[] };
  expect(entries).toContainEqual(expect.objectContaining({ name: 'acme/tiny', change: 'added' }));
});

it('escapes Markdown in a hostile license or collection title', async () => {
  await hub.admin.createRepo('labs/tiny');
  await hub.admin.commitFiles(
    'labs/tiny',
    new Map(generateCheckpoint({ seed: 5, size: 'small' }).files).set(
      'README.md',
      Buffer.from('---\nlicense: other\nlicense_name: "](http://evil) <img src=x> | a | @team\\n# heading"\n---\n'),
    ),
    { message: 'A checkpoint' },
  );
  await write('base', []);
  await write('head', [sidecar('tiny', { hf_collection: '![x](http://evil) <b>' })]);
  const { out } = await diff(['--markdown']);
  expect(out).toContain('evil');
  expect(out.replaceAll(/`[^`\n]*`/g, '')).not.toMatch(/https?:\/\/evil|<img|<b>|!\[|^# heading|@team/m);
});
