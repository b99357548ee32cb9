import type { ArtifactPlan } from './artifact-plan.js';
import { CARD_PATH } from './card.js';
import { PROVENANCE_PATH } from './provenance.js';

/** Returns the paths of the payload of an artifact, without its card, license copies and provenance. */
export const payloadPaths = ({ operations, copies }: Pick<ArtifactPlan, 'operations' | 'copies'>): ReadonlySet<string> => {
  const beside = new Set([CARD_PATH, PROVENANCE_PATH, ...copies.map(({ path }) => path)]);
  const written = operations.flatMap((operation) =>
    operation.op === 'add' || operation.op === 'replace' || operation.op === 'keep' ? [operation.path] : [],
  );
  return new Set(written.filter((path) => !beside.has(path)));
};
