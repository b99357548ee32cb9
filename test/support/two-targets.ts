import type { EntrySnapshot } from '../../catalog/snapshot.js';
import { RepoId } from '../../core/ids.js';
import { generateVision } from '../../dev/checkpoint/vision.js';
import type { TestEnvironment } from './test-environment.js';

/** An entry of this case with two targets: the MTP heads of its source and a mirror of a vision encoder. */
export const twoTargets = async (testEnvironment: TestEnvironment): Promise<{ readonly entry: EntrySnapshot; readonly vision: RepoId }> => {
  const vision = RepoId.parse(`${testEnvironment.target}-vision`);
  const source = RepoId.parse(`${testEnvironment.source}-vision`);
  await testEnvironment.hub.admin.createRepo(source);
  await testEnvironment.hub.admin.commitFiles(source, generateVision({ seed: 3, hidden: 64 }).files, { message: 'An encoder' });
  return { entry: testEnvironment.entry({ vision_source_repo: source, vision_sidecar_repo: vision }), vision };
};
