import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { checkTargets } from '../../../../publish/verify/fleet/check-targets.js';
import { fleetOf, type FleetTarget } from '../../../../catalog/fleet.js';
import { EntrySnapshot } from '../../../../catalog/snapshot.js';
import { generateCheckpoint } from '../../../../dev/checkpoint/generate.js';
import { generateLlama } from '../../../../dev/checkpoint/llama.js';
import { generateVision } from '../../../../dev/checkpoint/vision.js';
import { startLocalHub, type LocalHub } from '../../../../dev/hub/index.js';
import { installStandIn } from '../../../../dev/larql/install.js';
import { withMaxAttempts, type Hub } from '../../../../hub/hub.js';
import { levelOf, type FleetFinding } from '../../../../plan/findings/finding.js';
import { hubAt } from '../../../support/hub-at.js';
import { publishHere } from '../../../support/publish-here.js';

const TOKENS = { read: 'hf_reader', write: 'hf_writer' };
const { signal } = new AbortController();

let directory: string;
let hub: LocalHub;

const startTestHub = (at: string): Promise<LocalHub> =>
  startLocalHub({
    directory: at,
    tokens: [
      { token: TOKENS.read, user: 'reader', orgs: ['acme'], role: 'read' },
      { token: TOKENS.write, user: 'writer', orgs: ['acme'], role: 'write' },
    ],
  });

// The targets are published once; each test has its own copy of the hub.
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'swp-revalidate-'));
  const larql = await installStandIn(directory);
  hub = await startTestHub(join(directory, 'published'));
  for (const { key, kind } of PREPARED) await prepare(key, kind, larql);
  await hub.close();
});
beforeEach(async () => {
  await cp(join(directory, 'published'), join(directory, 'hub'), { recursive: true });
  hub = await startTestHub(join(directory, 'hub'));
  usedKeys.clear();
});
afterEach(async () => {
  await hub.close();
  await rm(join(directory, 'hub'), { recursive: true });
});
afterAll(() => rm(directory, { recursive: true, force: true }));

const client = (token = TOKENS.read): Hub => withMaxAttempts(hubAt(hub.url, token), 1);

type Kind = 'mtp' | 'vision' | 'vindex';
interface Published {
  readonly source: string;
  readonly target: string;
  readonly fleet: readonly FleetTarget[];
}

const SOURCES: Readonly<Record<Kind, () => ReadonlyMap<string, Uint8Array>>> = {
  mtp: () => generateCheckpoint({ seed: 7, size: 'small' }).files,
  vision: () => generateVision({ seed: 7 }).files,
  vindex: () => generateLlama({ seed: 1 }).files,
};

const fieldsOf = (kind: Kind, source: string, target: string, key: string): Record<string, unknown> => {
  if (kind === 'mtp') return { mtp_source_repo: source, mtp_sidecar_repo: target };
  if (kind === 'vision') return { vision_source_repo: source, vision_sidecar_repo: target };
  return { source_model: source, hf_repo: target, quant: 'q4k', slices: ['full'], output_name: `${key}.vindex` };
};

const PREPARED = [
  { key: 'mtp-1', kind: 'mtp' },
  { key: 'mtp-2', kind: 'mtp' },
  { key: 'vision-1', kind: 'vision' },
  { key: 'vindex-1', kind: 'vindex' },
] as const satisfies readonly { key: string; kind: Kind }[];

const entryOf = (key: string, kind: Kind): EntrySnapshot =>
  EntrySnapshot.parse({ name: `test/${key}`, entry: { key, tier: 'smoke', ...fieldsOf(kind, `labs/${key}`, `acme/${key}`, key) } });

const prepare = async (key: string, kind: Kind, larql: string): Promise<void> => {
  await hub.admin.createRepo(`labs/${key}`);
  await hub.admin.commitFiles(`labs/${key}`, SOURCES[kind](), { message: 'A checkpoint' });
  const env = kind === 'vindex' ? { PATH: process.env['PATH'], SWP_LARQL: larql } : {};
  await publishHere(entryOf(key, kind), { hub, token: TOKENS.write, directory, env });
};

const usedKeys = new Set<string>();
/** The next unused source with its published target. */
const nextPublished = async (kind: Kind = 'mtp', { pin = false } = {}): Promise<Published> => {
  const { key } = PREPARED.find((one) => one.kind === kind && !usedKeys.has(one.key))!;
  usedKeys.add(key);
  const fleet = fleetOf([entryOf(key, kind)]);
  const revision = await hub.admin.head(`labs/${key}`);
  return { source: `labs/${key}`, target: `acme/${key}`, fleet: pin ? fleet.map((target) => ({ ...target, revision })) : fleet };
};

const put = (repo: string, files: Record<string, string | Uint8Array>, { user = 'writer', message = 'x', remove = [] as string[] } = {}) =>
  hub.admin.commitFiles(repo, new Map(Object.entries(files).map(([path, content]) => [path, Buffer.from(content)])), {
    message,
    user,
    remove,
  });

const check = (fleet: readonly FleetTarget[], token?: string): Promise<FleetFinding[]> =>
  checkTargets(client(token), fleet, { publishers: ['Writer'], onDone: () => undefined }, signal);

/** The findings as `level code path`, without `later-commits`, which accompanies other findings. */
const found = async ({ fleet }: Pick<Published, 'fleet'>): Promise<string[]> =>
  (await check(fleet))
    .filter(({ code }) => code !== 'later-commits')
    .map((one) => `${levelOf(one)} ${one.code}${one.path === null ? '' : ` ${one.path}`}`);

describe('a check of a target', () => {
  it('finds nothing in unchanged targets', async () => {
    for (const kind of ['mtp', 'vision', 'vindex'] as const) expect(await check((await nextPublished(kind)).fleet)).toEqual([]);
  });

  it('takes four requests per target, and one per shared source', async () => {
    const { fleet, source } = await nextPublished();
    const key = 'second-of-it';
    const entry = EntrySnapshot.parse({
      name: `test/${key}`,
      entry: { key, tier: 'smoke', ...fieldsOf('mtp', source, `acme/${key}`, key), mtp_names: 'source' },
    });
    await publishHere(entry, { hub, token: TOKENS.write, directory });
    const both = [...fleet, ...fleetOf([entry])];
    const before = hub.requests.length;
    expect(await check(both)).toEqual([]);
    expect(hub.requests.slice(before)).toHaveLength(2 * 4 + 1);
  });

  it.each<[string, (target: string) => Promise<unknown>, string[]]>([
    ['a file that was replaced', (target) => put(target, { 'mtp.safetensors': 'other' }), ['attention file-differs mtp.safetensors']],
    [
      'a file of the same size with other bytes',
      async (target) => {
        const bytes = await hub.admin.readFile(target, 'main', 'mtp.safetensors');
        bytes[bytes.length - 1]! ^= 1;
        await put(target, { 'mtp.safetensors': bytes });
      },
      ['attention file-differs mtp.safetensors'],
    ],
    ['a card that was edited', (target) => put(target, { 'README.md': '# Mine' }), ['attention card-differs README.md']],
    ['a file that was deleted', (target) => put(target, {}, { remove: ['mtp.tensors.json'] }), ['attention file-gone mtp.tensors.json']],
    ['a record that was edited', (target) => put(target, { 'provenance.json': '{}' }), ['attention file-differs provenance.json']],
    ['a repository that is gone', (target) => hub.admin.deleteRepo(target), ['attention target-absent']],
    ['nothing in a file that a publisher added', (target) => put(target, { 'notes.txt': 'mine' }), []],
    [
      'a commit by an account that does not publish',
      (target) => put(target, { 'notes.txt': 'mine' }, { user: 'mallory' }),
      ['attention foreign-commit'],
    ],
  ])('finds %s', async (_, change, expected) => {
    const { target, fleet } = await nextPublished();
    await change(target);
    expect(await found({ fleet })).toEqual(expected);
  });

  it('finds a publish that another account forged with a matching record', async () => {
    const { target, fleet } = await nextPublished();
    const [head] = await hub.admin.listCommits(target);
    await put(target, { 'notes.txt': 'x' }, { user: 'mallory', message: `Publish\n\n${head!.body}` });
    expect(await check(fleet)).toMatchObject([{ code: 'foreign-commit', message: expect.stringContaining('mallory') }]);
  });

  it('accepts commits of any account when no publishers are configured', async () => {
    const { target, fleet } = await nextPublished();
    await put(target, { 'notes.txt': 'mine' }, { user: 'mallory' });
    const findings = await checkTargets(client(), fleet, { publishers: null, onDone: () => undefined }, signal);
    expect(findings.map(({ code }) => code)).toEqual(['later-commits']);
  });

  it('finds a repository without a publish', async () => {
    const { target, fleet } = await nextPublished();
    await hub.admin.deleteRepo(target);
    await hub.admin.createRepo(target);
    expect(await found({ fleet })).toEqual(['attention unpublished']);
  });

  it('continues after a target that it may not read', async () => {
    const [first, second] = [await nextPublished(), await nextPublished()];
    const stop = hub.on(({ operation, repo }) =>
      operation === 'tree' && repo === first.target ? { kind: 'status', status: 403, body: '{"error":"Forbidden"}' } : undefined,
    );
    await put(second.target, { 'README.md': '# Mine' });
    const fleet = [...first.fleet, ...second.fleet];
    expect(await found({ fleet }).finally(stop)).toEqual(['attention unreadable', 'attention card-differs README.md']);
  });

  it('continues after an unavailable target, and fails when all are unavailable', async () => {
    const [first, second] = [await nextPublished(), await nextPublished()];
    const down = { kind: 'status', status: 503, body: '{}' } as const;
    const stop = hub.on(({ repo }) => (repo === first.target ? down : undefined));
    const fleet = [...first.fleet, ...second.fleet];
    expect(await found({ fleet })).toEqual(['attention unreadable']);
    stop();
    const away = hub.on(() => down);
    await expect(check(fleet).finally(away)).rejects.toMatchObject({ code: 'revalidate/no-answer', kind: 'unavailable' });
  });

  it('fails when the token is wrong', async () => {
    const { fleet } = await nextPublished();
    await expect(check(fleet, 'hf_nobody')).rejects.toMatchObject({ code: 'hub/unauthorized' });
  });
});

describe('a source that moved', () => {
  const card = '---\nlicense: apache-2.0\n---\n# Better words\n';

  it.each<[Kind, Record<string, string>]>([
    ['mtp', { 'README.md': card, 'tokenizer.json': '{}' }],
    ['vision', { 'README.md': card }],
    ['vindex', { 'README.md': card, 'notes.txt': 'x' }],
  ])('is only information when the files of a %s are unchanged', async (kind, files) => {
    const { source, fleet } = await nextPublished(kind);
    await put(source, files);
    expect(await found({ fleet })).toEqual(['info source-moved']);
  });

  it.each<[string, Kind, string]>([
    ['the config of the heads', 'mtp', 'config.json'],
    ['a license text', 'mtp', 'LICENSE'],
    ['a weight file with heads', 'mtp', 'model.safetensors-00001-of-00002.safetensors'],
    ['a mirrored file', 'vision', 'config.json'],
    ['a new file of a mirror', 'vision', 'added.json'],
    ['a file that larql copies', 'vindex', 'generation_config.json'],
    ['the tokenizer of a vindex', 'vindex', 'tokenizer.json'],
  ])('is reported when it changes %s', async (_, kind, path) => {
    const { source, fleet } = await nextPublished(kind);
    const before = await hub.admin.readFile(source, 'main', path).catch(() => Buffer.from('{}'));
    await put(source, { [path]: Buffer.concat([before, Buffer.from(' ')]) });
    const [one] = await check(fleet);
    expect(one).toMatchObject({ code: 'source-differs', message: expect.stringContaining(path) });
  });

  it('keeps its finding key after a further commit to other files', async () => {
    const { source, fleet } = await nextPublished();
    await put(source, { 'config.json': '{}' });
    const [before] = await check(fleet);
    await put(source, { 'notes.txt': 'x' });
    const [after] = await check(fleet);
    expect([after!.code, after!.key]).toEqual(['source-differs', before!.key]);
    expect(after!.message).not.toBe(before!.message);
  });

  it('is reported when it was renamed', async () => {
    const { fleet } = await nextPublished();
    const [target] = fleet;
    const renamed = hub.on(({ operation, repo }) =>
      operation === 'model-info' && repo === target!.source
        ? { kind: 'status', status: 200, body: JSON.stringify({ id: 'labs/another', sha: 'a'.repeat(40) }) }
        : undefined,
    );
    expect(await found({ fleet }).finally(renamed)).toEqual(['attention source-gone']);
  });

  it('is not reported when the entry pins its commit', async () => {
    const pinned = await nextPublished('mtp', { pin: true });
    await put(pinned.source, { 'config.json': '{}' });
    expect(await found(pinned)).toEqual([]);
  });

  it('is reported when its license changes', async () => {
    const { source, fleet } = await nextPublished();
    await put(source, { 'README.md': '---\nlicense: cc-by-nc-4.0\n---\n' });
    expect(await found({ fleet })).toEqual(['attention license-differs', 'info source-moved']);
  });

  it('has no license finding when the license was edited in the target card', async () => {
    const { target, fleet } = await nextPublished();
    await put(target, { 'README.md': '---\nlicense: mit\n---\n' });
    expect(await found({ fleet })).toEqual(['attention card-differs README.md']);
  });

  it('is reported when it is deleted or hidden from the token', async () => {
    const [gone, hidden] = [await nextPublished(), await nextPublished()];
    await hub.admin.deleteRepo(gone.source);
    await hub.admin.setVisibility(hidden.source, 'private');
    for (const one of [gone, hidden]) expect(await found(one)).toEqual(['attention source-gone']);
  });

  it('is reported when it becomes private', async () => {
    expect(await found(await privateSource())).toEqual(['attention source-private']);
  });
});

/** A private source that the token may still read. */
const privateSource = async (): Promise<Published> => {
  const [source, target] = ['acme/own-source', 'acme/own'];
  await hub.admin.createRepo(source);
  await hub.admin.commitFiles(source, SOURCES.mtp(), { message: 'A checkpoint' });
  const entry = EntrySnapshot.parse({ name: 'test/own', entry: { key: 'own', tier: 'smoke', ...fieldsOf('mtp', source, target, 'own') } });
  await publishHere(entry, { hub, token: TOKENS.write, directory });
  await hub.admin.setVisibility(source, 'private');
  return { source, target, fleet: fleetOf([entry]) };
};
