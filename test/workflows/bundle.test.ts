import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { workflowBundle } from '../support/temporal.js';

/** Bytes of code, without the inlined source map. */
const MAX_CODE_BYTES = 800_000;

const readCode = async (): Promise<string> => {
  const text = await readFile(workflowBundle().codePath, 'utf8');
  return text.slice(0, text.lastIndexOf('//# sourceMappingURL='));
};

/** Modules of the project outside of `workflows/`. A change of one changes what every open workflow replays. */
const REPLAYED = [
  'catalog/artifacts',
  'catalog/entry-name',
  'catalog/problem',
  'contract/memo',
  'contract/messages',
  'contract/names',
  'contract/search-attributes',
  'contract/stages',
  'core/artifact-kinds',
  'core/chunk-array',
  'core/describe-issues',
  'core/error',
  'core/faults',
  'core/ids',
  'core/nearest',
  'core/text',
  'plan/approval',
  'plan/campaign/campaign-decision',
  'plan/campaign/campaign-totals',
  'plan/checks',
  'plan/collection',
  'plan/decision',
  'plan/escape',
  'plan/findings/finding',
  'plan/findings/finding-table',
  'plan/findings/repair',
  'plan/findings/share',
  'plan/problem',
  'plan/read-back',
  'plan/render/campaign-markdown',
  'plan/render/decision-forms',
  'plan/render/findings-markdown',
  'plan/render/tables',
  'plan/reviewer',
  'plan/work',
];

it('bundles these modules from outside of workflows: each of them is replayed', async () => {
  const names = [...(await readCode()).matchAll(/^\/\*\*\*\/ "\.\/(?:dist\/)?([\w./-]+)\.[jt]s"$/gm)].map(([, name = '']) => name);
  const outside = names.filter((name) => !/^(?:workflows|node_modules)\//.test(name)).toSorted();
  expect(
    outside,
    'Workflow code is replayed, and so is what it imports: a change there can break publishes that wait for approval. ' +
      'Keep the list short. If a module has to be in it, change it as you change a workflow: replay the histories.',
  ).toEqual(REPLAYED);
});

it('keeps the bundle small, since each worker compiles it at start', async () => {
  expect((await readCode()).length).toBeLessThan(MAX_CODE_BYTES);
});
