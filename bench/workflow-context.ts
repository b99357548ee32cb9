import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { parseWorkflowCode } from '@temporalio/worker/lib/worker.js';
import { ReusableVMWorkflowCreator } from '@temporalio/worker/lib/workflow/reusable-vm.js';
import type { Figure } from './figure.js';

const BUNDLE = fileURLToPath(new URL('../workflow-bundle.js', import.meta.url));
const WARM_UP = 20;
const CONTEXTS = 200;
const TIMEOUT_MS = 60_000;

/** A worker creates the context of a workflow whenever it replays one that it no longer caches. */
const optionsOf = (runId: string) => ({
  info: { runId, workflowId: 'publish/bench', workflowType: 'publishEntry', taskQueue: 'swp', unsafe: {} },
  randomnessSeed: Array.from({ length: 16 }, (_, at) => at),
  now: 0,
  showStackTraceSources: false,
  patches: [],
});

/** Measures the CPU time of a workflow context, and the bundle that each worker compiles. */
export const measureWorkflowContext = async (): Promise<Figure[]> => {
  const code = await readFile(BUNDLE, 'utf8');
  const creator = await ReusableVMWorkflowCreator.create(parseWorkflowCode(code), TIMEOUT_MS, new Set());
  const create = async (from: number, to: number): Promise<void> => {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a context needs a few fields of a workflow's options
    for (let at = from; at < to; at += 1) await creator.createWorkflow(optionsOf(`run-${at}`) as never);
  };
  await create(0, WARM_UP);
  const before = process.cpuUsage();
  await create(WARM_UP, WARM_UP + CONTEXTS);
  const { user, system } = process.cpuUsage(before);
  const codeBytes = code.lastIndexOf('//# sourceMappingURL=');
  return [
    {
      name: 'CPU per workflow context',
      value: (user + system) / 1000 / CONTEXTS,
      unit: 'ms',
      goal: { atMost: 4 },
      how: `mean of ${CONTEXTS}, garbage collection included`,
    },
    { name: 'workflow bundle', value: codeBytes / 1e6, unit: 'MB', goal: { atMost: 0.8 }, how: 'code without its source map' },
  ];
};
