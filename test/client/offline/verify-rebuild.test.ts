import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Rebuild } from '../../../publish/verify/rebuild/result.js';
import { EntrySnapshot } from '../../../catalog/snapshot.js';
import { generateCheckpoint } from '../../../dev/checkpoint/generate.js';
import { startLocalHub, type LocalHub } from '../../../dev/hub/index.js';
import { digestOf } from '../../../core/digests.js';
import type { Recipe } from '../../../plan/recipe.js';
import { forge, publishHere, type Forged } from '../../support/publish-here.js';
import { swp, type SwpOptions, type SwpRun } from '../../support/swp.js';

const WRITER = 'hf_writer';
const READER = 'hf_reader';
const MTP = 'acme/tiny-mtp';
const VISION = 'acme/eyes';

let cwd: string;
let hub: LocalHub;
let scratch: string;
beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'swp-rebuild-test-'));
  scratch = join(cwd, 'scratch');
  hub = await startLocalHub({
    directory: join(cwd, 'hub'),
    tokens: [
      { token: WRITER, user: 'writer', orgs: ['acme'], role: 'write' },
      { token: READER, user: 'reader', orgs: ['acme'], role: 'read' },
    ],
  });
  await writeFile(join(cwd, 'skulk-weights.yaml'), 'include_foxlight: false\nsources: []\n');
});
/** No test leaves a build behind. */
afterEach(async () => {
  expect(await readdir(scratch).catch(() => [])).toEqual([]);
  await hub.close();
  await rm(cwd, { recursive: true, force: true });
});

const put = async (repo: string, files: ReadonlyMap<string, Uint8Array>): Promise<void> => {
  await hub.admin.createRepo(repo);
  await hub.admin.commitFiles(repo, files, { message: 'A model' });
};
const publish = (fields: object): Promise<void> =>
  publishHere(EntrySnapshot.parse({ name: 'acme/tiny', entry: { key: 'tiny', tier: 'smoke', ...fields } }), {
    hub,
    token: WRITER,
    directory: cwd,
  });
const publishMtp = async (): Promise<void> => {
  await put('labs/tiny', generateCheckpoint({ seed: 5, size: 'small' }).files);
  await publish({ mtp_source_repo: 'labs/tiny', mtp_sidecar_repo: MTP });
};
const publishVision = async (): Promise<void> => {
  await put(
    'labs/eyes',
    new Map([
      ['config.json', Buffer.from('{}')],
      ['model.safetensors', Buffer.alloc(11_000_000, 7)],
    ]),
  );
  await publish({ vision_source_repo: 'labs/eyes', vision_sidecar_repo: VISION });
};

const verify = (argv: readonly string[], over: Partial<SwpOptions> = {}) =>
  swp(['verify', ...argv, '--rebuild', '--scratch', 'scratch'], {
    cwd,
    env: { HF_ENDPOINT: hub.url, HF_TOKEN: READER, HOME: cwd, PATH: join(cwd, 'empty'), NO_COLOR: '1' },
    ...over,
  });
const rebuild = async (repo = MTP): Promise<{ code: number; rebuilt: Rebuild }> => {
  const { code, out } = await verify([repo, '--json']);
  const [found] = JSON.parse(out) as [{ rebuild: Rebuild }];
  return { code, rebuilt: found.rebuild };
};
const wrongFiles = ({ files }: Rebuild): string[] =>
  files.flatMap(({ path, verdict }) => (verdict === 'equal' ? [] : [`${verdict} ${path}`]));
const setRecipe = (forged: Forged, change: (recipe: Recipe) => Recipe): void => {
  const { buildDefinition } = forged.provenance.predicate;
  const recipe = change(buildDefinition.externalParameters.recipe);
  Object.assign(buildDefinition.externalParameters, { recipe, recipeDigest: digestOf(recipe) });
};
const flip = (files: Map<string, Uint8Array>, path: string): void => {
  const bytes = Uint8Array.from(files.get(path)!);
  bytes[bytes.length - 1]! ^= 1;
  files.set(path, bytes);
};

/** Replaces the digests, commits and directories of this run. */
const clean = ({ code, out, err }: SwpRun): string =>
  `exit ${code}\n--- stdout\n${out}--- stderr\n${err}`
    .replaceAll(/\b[0-9a-f]{64}\b/g, '<digest>')
    .replaceAll(/\b[0-9a-f]{40}\b/g, '<commit>')
    .replaceAll(/swp-rebuild-\w{6}/g, 'swp-rebuild-<random>')
    .replaceAll(cpus()[0]?.model.trim() || '(none)', '<cpu>')
    .replaceAll(cwd, '<cwd>')
    .replaceAll(hub.url, '<hub>');
const golden = async (name: string, run: SwpRun): Promise<void> => expect(clean(run)).toMatchFileSnapshot(`goldens/${name}.txt`);

describe('swp verify --rebuild of an MTP sidecar', () => {
  it('reproduces it, including the licence, with a read-only token', async () => {
    await publishMtp();
    await golden('verify-rebuild', await verify([MTP]));
    await golden('verify-rebuild-json', await verify([MTP, '--json']));
  });

  it('reproduces it despite an edited card, and still exits 7', async () => {
    await publishMtp();
    await hub.admin.commitFiles(MTP, new Map([['README.md', Buffer.from('mine')]]), { message: 'Edit' });
    const { code, rebuilt } = await rebuild();
    expect([code, rebuilt.outcome]).toEqual([7, 'reproduced']);
  });

  it('builds nothing when the payload no longer matches the record', async () => {
    await publishMtp();
    await hub.admin.commitFiles(MTP, new Map([['mtp.safetensors', Buffer.alloc(999, 1)]]), { message: 'x' });
    await golden('verify-rebuild-changed', await verify([MTP]));
  });

  it.each<[string, (forged: Forged) => void, string[]]>([
    ['a changed byte of the heads', ({ files }) => flip(files, 'mtp.safetensors'), ['differs mtp.safetensors']],
    ['a changed byte of the licence', ({ files }) => flip(files, 'LICENSE'), ['differs LICENSE']],
    ['an extra file', ({ files }) => void files.set('pickle.bin', Buffer.from('x')), ['unexpected pickle.bin']],
    ['a missing file', ({ files }) => void files.delete('mtp.tensors.json'), ['missing mtp.tensors.json']],
  ])('finds %s, even with a matching record', async (_, change, wrong) => {
    await publishMtp();
    await forge(hub, MTP, change);
    if (wrong[0]!.startsWith('missing')) await hub.admin.commitFiles(MTP, new Map(), { message: 'x', remove: ['mtp.tensors.json'] });
    const { code, rebuilt } = await rebuild();
    expect([code, rebuilt.outcome, rebuilt.reason?.code]).toEqual([7, 'differs', 'rebuild/differs']);
    expect(wrongFiles(rebuilt)).toEqual(wrong);
  });

  it('finds a recipe that does not follow from its source', async () => {
    await publishMtp();
    await forge(hub, MTP, (forged) =>
      setRecipe(forged, (recipe) => ({ ...recipe, selection: { ...recipe.selection, tensors: 1 } }) as Recipe),
    );
    const { code, rebuilt } = await rebuild();
    expect([code, rebuilt.outcome, rebuilt.reason?.code]).toEqual([7, 'differs', 'build/recipe-differs']);
  });

  it('cannot build an earlier conversion, and names the SWP version that can', async () => {
    await publishMtp();
    await forge(hub, MTP, (forged) => setRecipe(forged, (recipe) => ({ ...recipe, conversion: 1 })));
    const { code, rebuilt } = await rebuild();
    expect([code, rebuilt.outcome, rebuilt.reason]).toEqual([
      1,
      'cannot',
      {
        code: 'rebuild/conversion',
        kind: 'conflict',
        message: 'It was made by conversion 1 of mtp; this SWP has conversion 2.',
        hint: 'Use the SWP that published it, version 0.1.0: this version makes other bytes.',
      },
    ]);
  });

  it('cannot build it from a deleted source, which is not reported as tampering', async () => {
    await publishMtp();
    await hub.admin.deleteRepo('labs/tiny');
    await golden('verify-rebuild-gone', await verify([MTP]));
  });

  it('cannot build it from a renamed source', async () => {
    await publishMtp();
    const renamed = JSON.stringify({ id: 'labs/other', sha: await hub.admin.head('labs/tiny'), siblings: [] });
    const stop = hub.on(({ operation, repo }) =>
      operation === 'model-info' && repo === 'labs/tiny' ? { kind: 'status', status: 200, body: renamed } : undefined,
    );
    const { code, rebuilt } = await rebuild().finally(stop);
    expect([code, rebuilt.outcome, rebuilt.reason?.code]).toEqual([1, 'cannot', 'rebuild/source-moved']);
    expect(rebuilt.reason?.message).toContain('labs/other');
  });

  it('leaves nothing behind when it is interrupted', async () => {
    await publishMtp();
    const stopped = new AbortController();
    let built: string[] = [];
    const stop = hub.on(({ operation, repo }) => {
      if (operation !== 'cdn' || repo !== 'labs/tiny') return undefined;
      void readdir(scratch).then((names) => {
        built = names;
        stopped.abort();
      });
      return { kind: 'status', status: 503, body: 'later' };
    });
    const { code } = await verify([MTP], { signal: stopped.signal }).finally(stop);
    expect(code).toBe(130);
    expect(built).toHaveLength(1);
  });
});

describe('swp verify --rebuild of a vision mirror', () => {
  it('reads every byte of its source, including large files', async () => {
    await publishVision();
    const before = hub.requests.length;
    const { code, rebuilt } = await rebuild(VISION);
    expect([code, rebuilt.outcome, rebuilt.files.length]).toEqual([0, 'reproduced', 2]);
    const read = hub.requests.slice(before).filter(({ operation, repo }) => operation === 'cdn' && repo === 'labs/eyes');
    expect(read.reduce((sum, { sent }) => sum + sent, 0)).toBeGreaterThanOrEqual(11_000_000);
  });

  it('finds a byte that differs from its source', async () => {
    await publishVision();
    await forge(hub, VISION, ({ files }) => flip(files, 'model.safetensors'));
    const { code, rebuilt } = await rebuild(VISION);
    expect([code, wrongFiles(rebuilt)]).toEqual([7, ['differs model.safetensors']]);
  });
});

describe('swp verify --rebuild', () => {
  it('builds nothing for a target without a publish', async () => {
    await hub.admin.createRepo('acme/empty');
    const { code, out } = await verify(['acme/empty']);
    expect([code, out]).toEqual([1, expect.stringMatching(/^acme\/empty: not published by SWP; its head is [0-9a-f]{40}\n$/)]);
  });

  it('builds in the temporary directory of the system, and leaves nothing there', async () => {
    await publishMtp();
    await mkdir(scratch);
    vi.stubEnv('TMPDIR', scratch);
    const env = { HF_ENDPOINT: hub.url, HF_TOKEN: READER, HOME: cwd };
    const { code, err } = await swp(['verify', MTP, '--rebuild'], { cwd, env }).finally(() => vi.unstubAllEnvs());
    expect(code).toBe(0);
    expect(err).toContain(`Rebuilding ${MTP} in ${join(scratch, 'swp-rebuild-')}`);
    expect(await readdir(scratch)).toEqual([]);
  });

  it('refuses a scratch directory below a file', async () => {
    await publishMtp();
    await mkdir(join(cwd, 'scratch'));
    await writeFile(join(cwd, 'file'), '');
    const { code, err } = await swp(['verify', MTP, '--rebuild', '--scratch', 'file/below'], {
      cwd,
      env: { HF_ENDPOINT: hub.url, HOME: cwd },
    });
    expect(code).toBe(2);
    expect(err).toContain('is not writable');
  });

  it('is required by --scratch', async () => {
    const { code, err } = await swp(['verify', MTP, '--scratch', 'there'], { cwd, env: { HF_ENDPOINT: hub.url, HOME: cwd } });
    expect(code).toBe(2);
    expect(err).toContain('--scratch works only with --rebuild');
  });
});
