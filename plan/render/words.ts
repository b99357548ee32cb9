import type { Digest } from '../../core/ids.js';
import { cutMiddle, formatBytes, plural } from '../../core/text.js';
import type { ArtifactPlan, Operation } from '../artifact-plan.js';

/** Characters of one path in a table; `--json` has all of them. */
const MAX_PATH = 100;

/** Describes one operation on a target, in the same words for the terminal and the Web UI. */
export const operationWords = (operation: Operation): { readonly what: string; readonly path: string; readonly reason: string } => {
  switch (operation.op) {
    case 'create':
      return { what: 'create', path: operation.private ? '(private repository)' : '(public repository)', reason: operation.reason };
    case 'keep-foreign':
      return {
        what: 'keep',
        path: `${operation.first.map((path) => cutMiddle(path, MAX_PATH)).join(', ')}${operation.count > operation.first.length ? ', …' : ''}`,
        reason: `${plural(operation.count, 'file')} that SWP does not own`,
      };
    case 'collect':
      return { what: 'collect', path: `(collection ${operation.collection})`, reason: operation.reason };
    default:
      return { what: operation.op, path: cutMiddle(operation.path, MAX_PATH), reason: operation.reason };
  }
};

/** Summarises an artifact's plan in one line. */
export const planSummary = (plan: ArtifactPlan): string => {
  switch (plan.action) {
    case 'blocked':
      return 'cannot be published; see the blocked checks';
    case 'unchanged':
      return 'nothing to do';
    case 'collection-only':
      return 'add the target to its collection; its files stay unchanged';
    case 'metadata-only':
      return 'rewrite the card and the metadata; the payload stays unchanged';
    case 'publish':
      return `read ${formatBytes(plan.estimate.fetchBytes)}, write ${formatBytes(plan.estimate.outputBytes)}`;
  }
};

/** Returns the command that decides about exactly one plan, or about one sealed manifest. */
export const decideCommand = (verdict: 'approve' | 'reject', entryName: string, subject: 'plan' | 'manifest', digest: Digest): string =>
  `swp ${verdict} ${entryName} --${subject} ${digest}`;

/** Returns commands that publish the artifacts without the blocked ones; empty if none is blocked. */
export const commandsForTheRest = (entryName: string, plans: readonly ArtifactPlan[]): string[] => {
  const publishable = plans.filter(({ action }) => action !== 'blocked' && action !== 'unchanged');
  return publishable.length === plans.length || !plans.some(({ action }) => action === 'blocked')
    ? []
    : publishable.map(({ kind }) => `swp start ${entryName} --only ${kind}`);
};
