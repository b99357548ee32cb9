import type { ArtifactPlan } from './artifact-plan.js';
import { CARD_PATH } from './card.js';
import { PROVENANCE_PATH } from './provenance.js';

/** Paths of the files that an artifact consists of; card, license copies and provenance come beside them. */
export const payloadPaths = ({ operations, copies }: Pick<ArtifactPlan, 'operations' | 'copies'>): ReadonlySet<string> => {
  const beside = new Set([CARD_PATH, PROVENANCE_PATH, ...copies.map(({ path }) => path)]);
  const written = operations.flatMap((operation) =>
    operation.op === 'add' || operation.op === 'replace' || operation.op === 'keep' ? [operation.path] : [],
  );
  return new Set(written.filter((path) => !beside.has(path)));
};
