import { describe, expect, it } from 'vitest';
import { readWorkflow, stepsOf } from '../support/github-workflow.js';

const NAMES = ['catalog.yml', 'publish.yml', 'mutation.yml'];
const expressionsIn = (text: string): string[] => [...text.matchAll(/\$\{\{\s*(.*?)\s*\}\}/g)].map(([, expression]) => expression!);

describe.each(NAMES)('%s', (name) => {
  it('may read the repository, and nothing else', async () => {
    const { workflow, text } = await readWorkflow(name);
    expect(workflow.permissions).toEqual({ contents: 'read' });
    expect(text.match(/permissions:/g)).toHaveLength(1);
  });

  it('leaves no credentials in its checkout', async () => {
    const checkouts = stepsOf((await readWorkflow(name)).workflow).filter(({ uses }) => uses?.startsWith('actions/checkout@'));
    expect(checkouts).toHaveLength(1);
    expect(checkouts[0]!.with).toMatchObject({ 'persist-credentials': false });
  });

  it('pins each action by its commit, with the version beside it', async () => {
    const { workflow, text } = await readWorkflow(name);
    const used = stepsOf(workflow).flatMap(({ uses }) => uses ?? []);
    const pinned = [...text.matchAll(/uses: (\S+@[0-9a-f]{40}) # v\d+\.\d+\.\d+$/gm)].map(([, action]) => action);
    expect(used.length).toBeGreaterThan(0);
    expect(pinned).toEqual(used);
  });

  it('puts no expression into a script: what people write arrives in variables', async () => {
    for (const { run } of stepsOf((await readWorkflow(name)).workflow)) expect(run ?? '').not.toContain('${{');
  });

  it('reads nothing of an event but its own inputs', async () => {
    const known = /^(inputs\.\w+|github\.ref|!cancelled\(\))$/;
    expect(expressionsIn((await readWorkflow(name)).text).filter((expression) => !known.test(expression))).toEqual([]);
  });

  it('takes no secret', async () => {
    expect((await readWorkflow(name)).text).not.toMatch(/secrets|_token\b/i);
  });
});

it('catalog.yml reviews pull requests, on a machine of GitHub', async () => {
  const { workflow } = await readWorkflow('catalog.yml');
  expect(Object.keys(workflow.on)).toEqual(['pull_request']);
  expect(Object.values(workflow.jobs).map((job) => job['runs-on'])).toEqual(['ubuntu-24.04']);
});

it('publish.yml is asked for by a person, and runs on a machine of the operator', async () => {
  const { workflow } = await readWorkflow('publish.yml');
  expect(Object.keys(workflow.on)).toEqual(['workflow_dispatch']);
  expect(workflow.on['workflow_dispatch']).toMatchObject({
    inputs: {
      entry: { required: true },
      only: { options: ['all', 'vindex', 'mtp', 'vision'], default: 'all' },
      review_artifacts: { type: 'boolean', default: false },
      wait: { type: 'number', default: 0 },
    },
  });
  expect(Object.values(workflow.jobs).map((job) => job['runs-on'])).toEqual([['self-hosted', 'swp']]);
});

it('mutation.yml alone runs by a clock, and mutates every room', async () => {
  const { workflow } = await readWorkflow('mutation.yml');
  expect(Object.keys(workflow.on)).toEqual(['schedule', 'workflow_dispatch']);
  expect(stepsOf(workflow).at(-1)?.run).toBe('npm run test:mutation');
});

it('publish.yml cancels no publish, its own or another', async () => {
  const { workflow, text } = await readWorkflow('publish.yml');
  expect(workflow.concurrency['cancel-in-progress']).toBe(false);
  expect(text).not.toMatch(/swp (cancel|abandon|reject|approve)\b/);
});
