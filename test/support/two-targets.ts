import type { EntrySnapshot } from '../../catalog/snapshot.js';
import { RepoId } from '../../core/ids.js';
import { generateVision } from '../../dev/checkpoint/vision.js';
import type { Workshop } from './workshop.js';

/** An entry of this case with two targets: the heads of its source, and a mirror of an encoder. */
export const twoTargets = async (workshop: Workshop): Promise<{ readonly entry: EntrySnapshot; readonly vision: RepoId }> => {
  const vision = RepoId.parse(`${workshop.target}-vision`);
  const source = RepoId.parse(`${workshop.source}-vision`);
  await workshop.hub.admin.createRepo(source);
  await workshop.hub.admin.commitFiles(source, generateVision({ seed: 3, hidden: 64 }).files, { message: 'An encoder' });
  return { entry: workshop.entry({ vision_source_repo: source, vision_sidecar_repo: vision }), vision };
};
