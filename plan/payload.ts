import type { ArtifactPlan } from './artifact-plan.js';
import { MTP_PAYLOAD_FILES } from './plan-mtp.js';

/** Paths of the files that an artifact consists of; card, license copies and provenance come beside them. */
export const payloadPaths = ({ mirrored }: ArtifactPlan): ReadonlySet<string> =>
  new Set(mirrored === undefined ? MTP_PAYLOAD_FILES : mirrored.map(({ path }) => path));
