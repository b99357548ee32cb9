import { SwpError } from '../../../core/error.js';
import { CARD_PATH } from '../../../plan/card.js';
import type { FindingCode } from '../../../plan/findings/finding.js';
import { PROVENANCE_PATH, type Provenance } from '../../../plan/provenance.js';
import type { Examination } from '../examine-target.js';
import { reasonOf, type Rebuild } from './result.js';

/** Returns the error for a difference that looks like tampering. */
export const differs = (code: string, message: string): SwpError =>
  new SwpError('integrity', code, message, { hint: 'Do not load this repository. Find out who published it, and how.' });

/** Returns the result of a rebuild that compared nothing. */
export const unbuilt = (provenance: Provenance | null, outcome: Rebuild['outcome'], error: SwpError): Rebuild => {
  const definition = provenance?.predicate.buildDefinition;
  return {
    outcome,
    reason: reasonOf(error),
    downMeta: null,
    recipe: definition?.externalParameters.recipeDigest ?? null,
    files: [],
    environment: { recorded: definition?.internalParameters.environment ?? null, here: null },
  };
};

const RECORD: ReadonlySet<FindingCode> = new Set(['record-broken', 'recipe-differs']);
const PAYLOAD: ReadonlySet<FindingCode> = new Set(['file-differs', 'file-gone', 'bytes-differ']);

/**
 * Returns the result if the examination has found a difference that no rebuild can resolve; null otherwise. An edited
 * card is not such a difference.
 */
export const resultWithoutRebuild = ({ target, findings }: Examination, provenance: Provenance | null): Rebuild | null => {
  const found = findings.find(
    ({ code, path }) => RECORD.has(code) || (PAYLOAD.has(code) && path !== CARD_PATH && path !== PROVENANCE_PATH),
  );
  if (found === undefined) return null;
  const message = `Nothing was built, because ${target} differs from its own record: ${found.message}`;
  return unbuilt(provenance, 'differs', differs('rebuild/target-differs', message));
};
