import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { THIS_MACHINE } from '../../core/this-machine.js';
import { checkScratch } from '../../publish/scratch/open-scratch.js';
import { RepoId } from '../../core/ids.js';
import { generateLlama } from '../../dev/checkpoint/llama.js';
import { setBehaviour, type BehaviourInput } from '../../dev/larql/behaviour.js';
import { installStandIn } from '../../dev/larql/install.js';
import { readRuns, type Run } from '../../dev/larql/runs.js';
import { targetId } from '../../contract/names.js';
import { WorkerProcess } from '../support/worker-process.js';
import { TestEnvironment } from '../support/test-environment.js';

/** The server notices a dead worker by its missing heartbeat after fifteen seconds. */
const TIMEOUT_MS = 120_000;

let directory: string;
let testEnvironment: TestEnvironment;
let source: RepoId;
let target: RepoId;
let processes: WorkerProcess[];
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'swp-kill-vindex-'));
  processes = [];
  testEnvironment = await TestEnvironment.open('kill-vindex', { workers: false, larql: await installStandIn(directory) });
  source = RepoId.parse(`labs/${testEnvironment.queue}-model`);
  target = RepoId.parse(`Acme/${testEnvironment.queue}-vindex`);
  await testEnvironment.hub.admin.createRepo(source);
  await testEnvironment.hub.admin.commitFiles(source, generateLlama({ seed: 1 }).files, { message: 'A model' });
});
afterEach(async () => {
  await Promise.all(processes.map((process) => process.kill()));
  await testEnvironment.close();
  await rm(directory, { recursive: true, force: true });
});

const entry = () =>
  testEnvironment.entry({
    mtp_source_repo: undefined,
    mtp_sidecar_repo: undefined,
    source_model: source,
    quant: 'q4k',
    slices: ['full'],
    output_name: 'x.vindex',
    hf_repo: target,
  });

const startWorker = async (role: 'control' | 'highmem'): Promise<WorkerProcess> => {
  const process = await WorkerProcess.start(role, testEnvironment.workerEnv(role));
  processes.push(process);
  return process;
};

/** Runs that extract the source, not the tiny model of the probe. */
const extractions = (): Run[] => readRuns(directory).filter(({ args }) => args[0] === 'extract' && args[1] === source);
const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

/** Approves a plan whose extraction has this behaviour, and returns when the extraction runs. */
const startExtraction = async (behaviour: BehaviourInput): Promise<WorkerProcess> => {
  await startWorker('control');
  const highmem = await startWorker('highmem');
  await testEnvironment.start(entry());
  await testEnvironment.planOf(1, entry());
  await setBehaviour(directory, behaviour);
  await testEnvironment.approve(1, entry());
  await expect.poll(() => extractions().length, { timeout: 20_000 }).toBe(1);
  return highmem;
};

const expectPublishedOnce = async (): Promise<void> => {
  expect(await testEnvironment.result(entry())).toMatchObject({ outcome: 'published' });
  expect(await testEnvironment.hub.admin.listCommits(target)).toHaveLength(2);
  expect(readRuns(directory).flatMap(({ alongside }) => alongside)).toEqual([]);
};

const MOMENTS: [string, BehaviourInput][] = [
  ['in the first stage of larql', { layerMs: 60_000 }],
  ['while larql ignores SIGTERM', { layerMs: 60_000, ignoresSigterm: true }],
  ['while larql computes checksums without output', { silentMs: 60_000 }],
];

describe('while larql extracts', () => {
  it.each(MOMENTS)(
    'SIGKILL of the worker %s ends larql too, and the next worker starts a new extraction',
    async (_, behaviour) => {
      const highmem = await startExtraction(behaviour);
      const [{ pid } = { pid: 0 }] = extractions();
      await highmem.kill();
      await setBehaviour(directory, {});
      await startWorker('highmem');
      await expectPublishedOnce();
      expect(extractions()).toHaveLength(2);
      expect(isAlive(pid)).toBe(false);
    },
    TIMEOUT_MS,
  );

  it(
    'a larql that the kernel kills pauses the target, leaves only partial builds in a safe scratch, and a retry ends published',
    async () => {
      // The scratch must stay safe even if the inherited umask lets others write.
      const umask = process.umask(0);
      onTestFinished(() => void process.umask(umask));
      await startExtraction({ failure: { kind: 'killed', at: { step: 'model_weights_q4k' } } });
      await testEnvironment.until('needs-attention', targetId(target));
      const handle = testEnvironment.temporal.client.workflow.getHandle(targetId(target));
      expect(await handle.query('target-status')).toMatchObject({ problem: { code: 'larql/out-of-memory' } });
      expect((await readdir(testEnvironment.layout().builds).catch(() => [])).filter((name) => !name.endsWith('.partial'))).toEqual([]);
      await checkScratch(THIS_MACHINE, testEnvironment.layout().root);
      await setBehaviour(directory, {});
      await handle.executeUpdate('resolve', { args: [{ action: 'retry' }] });
      await expectPublishedOnce();
    },
    TIMEOUT_MS,
  );

  it(
    'SIGTERM of the worker ends larql too, and the next worker finishes the publish',
    async () => {
      const highmem = await startExtraction({ layerMs: 60_000 });
      await setBehaviour(directory, {});
      await highmem.stop();
      expect(isAlive(extractions()[0]!.pid)).toBe(false);
      await startWorker('highmem');
      await expectPublishedOnce();
    },
    TIMEOUT_MS,
  );
});
