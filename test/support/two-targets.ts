import { afterAll, beforeAll, beforeEach } from 'vitest';
import type { EntrySnapshot } from '../../catalog/snapshot.js';
import { RepoId, sameRepo } from '../../core/ids.js';
import { generateVision } from '../../dev/checkpoint/vision.js';
import { freeze } from './freeze.js';
import { swp } from './swp.js';
import { TestEnvironment } from './test-environment.js';

/** An entry of this case with two targets: the MTP heads of its source and a mirror of a vision encoder. */
export const twoTargets = async (testEnvironment: TestEnvironment): Promise<{ readonly entry: EntrySnapshot; readonly vision: RepoId }> => {
  const vision = RepoId.parse(`${testEnvironment.target}-vision`);
  const source = RepoId.parse(`${testEnvironment.source}-vision`);
  await testEnvironment.hub.admin.createRepo(source);
  await testEnvironment.hub.admin.commitFiles(source, generateVision({ seed: 3, hidden: 64 }).files, { message: 'An encoder' });
  return { entry: testEnvironment.entry({ vision_source_repo: source, vision_sidecar_repo: vision }), vision };
};

/** Holds every request of an operation on a repository until it is thawed. */
export const holdAt = ({ hub }: TestEnvironment, operation: string, repo: RepoId): ReturnType<typeof freeze> =>
  freeze(hub, (exchange) => exchange.operation === operation && sameRepo(exchange.repo ?? '', repo), 'hold');

/** Returns the stage in the search attributes of a workflow. */
export const stageOf = async ({ temporal }: TestEnvironment, id: string): Promise<unknown> =>
  (await temporal.client.workflow.getHandle(id).describe()).searchAttributes['SwpStage']?.[0];

/** A publish of two targets in one test environment for all tests of a file, with separate repositories for each test. */
export const useTwoTargets = (name: string) => {
  let testEnvironment: TestEnvironment;
  let made: Awaited<ReturnType<typeof twoTargets>>;
  beforeAll(async () => {
    testEnvironment = await TestEnvironment.open(name);
  });
  beforeEach(async () => {
    await testEnvironment.renew();
    made = await twoTargets(testEnvironment);
  });
  afterAll(() => testEnvironment.close());
  return {
    testEnvironment: () => testEnvironment,
    entry: () => made.entry,
    vision: () => made.vision,
    run: (...argv: string[]) => swp(argv, { cwd: testEnvironment.directory, env: testEnvironment.clientEnv() }),
    stage: () => stageOf(testEnvironment, testEnvironment.handle().workflowId),
    /** Starts the publish and approves its plan. */
    publish: async (): Promise<void> => {
      await testEnvironment.start(made.entry);
      await testEnvironment.approve(1, made.entry);
    },
  };
};
