import { chmod, cp, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Rebuild } from '../../../publish/verify/rebuild/result.js';
import { EntrySnapshot } from '../../../catalog/snapshot.js';
import { generateGemma4 } from '../../../dev/checkpoint/gemma4.js';
import { generateLlama } from '../../../dev/checkpoint/llama.js';
import { setBehaviour } from '../../../dev/larql/behaviour.js';
import { startLocalHub, type LocalHub } from '../../../dev/hub/index.js';
import { installStandIn } from '../../../dev/larql/install.js';
import { readRuns } from '../../../dev/larql/runs.js';
import { sha256Of } from '../../../core/digests.js';
import { forge, publishHere, type Forged } from '../../support/publish-here.js';
import { swp, type SwpOptions, type SwpRun } from '../../support/swp.js';

const WRITER = 'hf_writer';
const SOURCE = 'labs/model';
const TARGET = 'acme/tiny-vindex';
const TIMEOUT_MS = 120_000;
/** Offset of the first score in `down_meta.bin`: after the header, a count and the token. */
const FIRST_SCORE = 16 + 4 + 4;

let cwd: string;
let hub: LocalHub;
let larql: string;
let scratch: string;
beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'swp-rebuild-test-'));
  scratch = join(cwd, 'scratch');
  larql = await installStandIn(join(cwd, 'larql'));
  await writeFile(join(cwd, 'skulk-weights.yaml'), 'include_foxlight: false\nsources: []\n');
});
/** No test leaves a build behind. */
afterEach(async () => {
  expect(await readdir(scratch).catch(() => [])).toEqual([]);
  await hub.close();
  await rm(cwd, { recursive: true, force: true });
});

/** An environment whose loader finds this BLAS for every program. */
const withBlas = async (library: string): Promise<NodeJS.ProcessEnv> => {
  const bin = join(cwd, `with-${library}`);
  await mkdir(bin, { recursive: true });
  await writeFile(join(bin, 'libopenblas.so.0'), library);
  await writeFile(
    join(bin, 'ldd'),
    `#!/bin/sh\nprintf '\\tlibopenblas.so.0 => ${join(bin, 'libopenblas.so.0')} (0x00007fdb70000000)\\n'\n`,
  );
  await chmod(join(bin, 'ldd'), 0o755);
  return { PATH: [bin, process.env['PATH']].join(delimiter), SWP_LARQL: larql };
};

const startTestHub = async (): Promise<void> => {
  hub = await startLocalHub({
    directory: join(cwd, 'hub'),
    tokens: [
      { token: WRITER, user: 'writer', orgs: ['acme'], role: 'write' },
      { token: 'hf_reader', user: 'reader', orgs: ['acme'], role: 'read' },
    ],
  });
};

const publish = async (slice: 'full' | 'expert-server', model: { readonly files: ReadonlyMap<string, Uint8Array> }): Promise<void> => {
  await startTestHub();
  await hub.admin.createRepo(SOURCE);
  await hub.admin.commitFiles(SOURCE, model.files, { message: 'A model' });
  const fields = { source_model: SOURCE, quant: 'q4k', slices: [slice], output_name: 'tiny.vindex', hf_repo: TARGET };
  const entry = EntrySnapshot.parse({ name: 'acme/tiny', entry: { key: 'tiny', tier: 'smoke', ...fields } });
  await publishHere(entry, { hub, token: WRITER, directory: cwd, env: await withBlas('ours') });
};

/** A hub directory with a published full vindex: the first test creates it, and each test copies it. */
let fullHubDirectory: string | undefined;
afterAll(() => (fullHubDirectory === undefined ? undefined : rm(fullHubDirectory, { recursive: true, force: true })));
const publishFull = async (): Promise<void> => {
  const directory = join(cwd, 'hub');
  if (fullHubDirectory === undefined) {
    await publish('full', generateLlama({ seed: 1 }));
    await hub.close();
    fullHubDirectory = await mkdtemp(join(tmpdir(), 'swp-rebuild-hub-'));
    await cp(directory, fullHubDirectory, { recursive: true });
  } else await cp(fullHubDirectory, directory, { recursive: true });
  await startTestHub();
};

const verify = async (argv: readonly string[] = [], env: NodeJS.ProcessEnv = {}, over: Partial<SwpOptions> = {}) =>
  swp(['verify', TARGET, '--rebuild', '--scratch', 'scratch', ...argv], {
    cwd,
    env: {
      ...(await withBlas('ours')),
      HF_ENDPOINT: hub.url,
      HF_TOKEN: 'hf_reader',
      HOME: cwd,
      SWP_LARQL_STAND_IN: 'allow',
      NO_COLOR: '1',
      ...env,
    },
    ...over,
  });
const rebuild = async (env: NodeJS.ProcessEnv = {}): Promise<{ code: number; rebuilt: Rebuild }> => {
  const { code, out } = await verify(['--json'], env);
  const [found] = JSON.parse(out) as [{ rebuild: Rebuild }];
  return { code, rebuilt: found.rebuild };
};
const wrongFiles = ({ files }: Rebuild): string[] =>
  files.flatMap(({ path, verdict }) => (verdict === 'equal' ? [] : [`${verdict} ${path}`]));

/** Changes a copy of `down_meta.bin`, and updates its checksum in `index.json`. */
const changeDownMeta = ({ files }: Forged, change: (view: DataView) => void): void => {
  const before = files.get('down_meta.bin')!;
  const after = Uint8Array.from(before);
  change(new DataView(after.buffer));
  const index = Buffer.from(files.get('index.json')!).toString().replaceAll(sha256Of(before), sha256Of(after));
  files.set('down_meta.bin', after).set('index.json', Buffer.from(index));
};
const addToFirstScore = (by: number) => (view: DataView) => view.setFloat32(FIRST_SCORE, view.getFloat32(FIRST_SCORE, true) + by, true);

const clean = ({ code, out, err }: SwpRun): string =>
  `exit ${code}\n--- stdout\n${out}--- stderr\n${err}`
    .replaceAll(/\b[0-9a-f]{64}\b/g, '<digest>')
    .replaceAll(/\b[0-9a-f]{40}\b/g, '<commit>')
    .replaceAll(/swp-rebuild-\w{6}/g, 'swp-rebuild-<random>')
    .replaceAll(/^( +(?:computed|here) +).*(?=; BLAS)/gm, '$1<cpu>')
    .replaceAll(cwd, '<cwd>')
    .replaceAll(hub.url, '<hub>');

describe('swp verify --rebuild of a vindex', () => {
  it(
    'reproduces a full vindex',
    async () => {
      await publishFull();
      await expect(clean(await verify())).toMatchFileSnapshot('goldens/verify-rebuild-vindex.txt');
    },
    TIMEOUT_MS,
  );

  it(
    'reproduces an expert-server slice',
    async () => {
      await publish('expert-server', generateGemma4({ seed: 1 }));
      const { code, rebuilt } = await rebuild();
      expect([code, rebuilt.outcome]).toEqual([0, 'reproduced']);
      expect(rebuilt.files.map(({ path }) => path)).toContain('layers/layer_00.weights');
    },
    TIMEOUT_MS,
  );

  it(
    'reproduces it with another BLAS that computes the same bytes',
    async () => {
      await publishFull();
      const { code, rebuilt } = await rebuild(await withBlas('another'));
      expect([code, rebuilt.outcome]).toEqual([0, 'reproduced']);
      expect(rebuilt.environment.recorded?.blas?.sha256).toBe(sha256Of('ours'));
      expect(rebuilt.environment.here?.blas?.sha256).toBe(sha256Of('another'));
    },
    TIMEOUT_MS,
  );

  it(
    'cannot build it with another larql, and names the needed one',
    async () => {
      await publishFull();
      const other = join(cwd, 'another-larql');
      await writeFile(other, '#!/bin/sh\nexit 0\n', { mode: 0o755 });
      await expect(clean(await verify([], { SWP_LARQL: other }))).toMatchFileSnapshot('goldens/verify-rebuild-larql.txt');
      const { code, rebuilt } = await rebuild({ SWP_LARQL: other });
      const needed = /SHA-256 ([0-9a-f]{64}); .*another-larql has ([0-9a-f]{64})/.exec(rebuilt.reason?.message ?? '');
      expect([code, rebuilt.outcome, needed?.[2]]).toEqual([1, 'cannot', sha256Of('#!/bin/sh\nexit 0\n')]);
    },
    TIMEOUT_MS,
  );

  it(
    'cannot build it without a larql',
    async () => {
      await publishFull();
      const { code, rebuilt } = await rebuild({ SWP_LARQL: '', PATH: join(cwd, 'empty') });
      expect([code, rebuilt.outcome, rebuilt.reason?.code]).toEqual([1, 'cannot', 'rebuild/larql']);
      expect(rebuilt.reason?.message).toContain('this machine has none');
    },
    TIMEOUT_MS,
  );
});

describe('a down_meta.bin that differs', () => {
  it(
    'is reported as not reproduced when it was computed with another BLAS',
    async () => {
      await publishFull();
      await forge(hub, TARGET, (forged) => changeDownMeta(forged, addToFirstScore(0.25)));
      const env = await withBlas('another');
      await expect(clean(await verify([], env))).toMatchFileSnapshot('goldens/verify-rebuild-blas.txt');
      const { code, rebuilt } = await rebuild(env);
      expect([code, rebuilt.outcome, rebuilt.reason?.code]).toEqual([1, 'not-reproduced', 'rebuild/blas']);
      expect(wrongFiles(rebuilt)).toEqual(['differs down_meta.bin', 'differs index.json']);
      expect(rebuilt.downMeta).toMatchObject({ different: 1, tokens: 0 });
      expect(rebuilt.downMeta?.largest).toBeCloseTo(0.25, 5);
    },
    TIMEOUT_MS,
  );

  it(
    'is reported as not reproduced when its environment is not recorded',
    async () => {
      await publishFull();
      await forge(hub, TARGET, (forged) => {
        changeDownMeta(forged, addToFirstScore(0.25));
        delete forged.provenance.predicate.buildDefinition.internalParameters.environment;
      });
      const { code, rebuilt } = await rebuild();
      expect([code, rebuilt.outcome]).toEqual([1, 'not-reproduced']);
    },
    TIMEOUT_MS,
  );

  it.each<[string, NodeJS.ProcessEnv | null, (forged: Forged) => void]>([
    ['CPU and BLAS are the recorded ones', null, (forged) => changeDownMeta(forged, addToFirstScore(0.25))],
    [
      'another file differs too',
      {},
      (forged) => {
        changeDownMeta(forged, addToFirstScore(0.25));
        forged.files.set('norms.bin', Buffer.alloc(forged.files.get('norms.bin')!.byteLength, 1));
      },
    ],
    ['it counts other features', {}, (forged) => changeDownMeta(forged, (view) => view.setUint32(16, 1, true))],
    ['a score is no number', {}, (forged) => changeDownMeta(forged, (view) => view.setFloat32(FIRST_SCORE, Number.NaN, true))],
    [
      'index.json differs in something else too',
      {},
      (forged) => {
        changeDownMeta(forged, addToFirstScore(0.25));
        forged.files.set('index.json', Buffer.concat([forged.files.get('index.json')!, Buffer.from('\n')]));
      },
    ],
  ])(
    'is reported as tampering when %s',
    async (_, otherBlas, change) => {
      await publishFull();
      await forge(hub, TARGET, change);
      const { code, rebuilt } = await rebuild(otherBlas === null ? {} : await withBlas('another'));
      expect([code, rebuilt.outcome, rebuilt.downMeta]).toEqual([7, 'differs', null]);
    },
    TIMEOUT_MS,
  );
});

describe('an interrupted rebuild of a vindex', () => {
  it(
    'ends larql and leaves nothing behind',
    async () => {
      await publishFull();
      await setBehaviour(join(cwd, 'larql'), { layerMs: 500 });
      const before = readRuns(join(cwd, 'larql')).length;
      const stopped = new AbortController();
      const running = verify([], {}, { signal: stopped.signal });
      const extraction = await vi.waitUntil(
        () =>
          readRuns(join(cwd, 'larql'))
            .slice(before)
            .find(({ args }) => args[1] === SOURCE),
        { timeout: TIMEOUT_MS },
      );
      stopped.abort();
      expect((await running).code).toBe(130);
      expect(() => process.kill(extraction.pid, 0)).toThrow();
    },
    TIMEOUT_MS,
  );
});
