import { describe, expect, it } from 'vitest';
import { readWorkflow, stepsOf } from '../support/github-workflow.js';

const NAMES = ['catalog.yml', 'publish.yml', 'mutation.yml'];
const expressionsIn = (text: string): string[] => [...text.matchAll(/\$\{\{\s*(.*?)\s*\}\}/g)].map(([, expression]) => expression!);

describe.each(NAMES)('%s', (name) => {
  it('has permission only to read the repository', async () => {
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

  it('puts no expression into a script, because inputs arrive in variables', async () => {
    for (const { run } of stepsOf((await readWorkflow(name)).workflow)) expect(run ?? '').not.toContain('${{');
  });

  it('reads only its inputs and the ref of an event', async () => {
    const known = /^(inputs\.\w+|github\.ref|!cancelled\(\))$/;
    expect(expressionsIn((await readWorkflow(name)).text).filter((expression) => !known.test(expression))).toEqual([]);
  });

  it('uses no secret', async () => {
    expect((await readWorkflow(name)).text).not.toMatch(/secrets|_token\b/i);
  });
});

it('catalog.yml runs for pull requests, on a runner of GitHub', async () => {
  const { workflow } = await readWorkflow('catalog.yml');
  expect(Object.keys(workflow.on)).toEqual(['pull_request']);
  expect(Object.values(workflow.jobs).map((job) => job['runs-on'])).toEqual(['ubuntu-24.04']);
});

it('publish.yml is started by hand, and runs on a self-hosted runner', async () => {
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

it('mutation.yml runs on a schedule or by hand, and ends with the mutation tests', async () => {
  const { workflow } = await readWorkflow('mutation.yml');
  expect(Object.keys(workflow.on)).toEqual(['schedule', 'workflow_dispatch']);
  expect(stepsOf(workflow).at(-1)?.run).toBe('npm run test:mutation');
});

it('publish.yml neither cancels nor decides a publish', async () => {
  const { workflow, text } = await readWorkflow('publish.yml');
  expect(workflow.concurrency['cancel-in-progress']).toBe(false);
  expect(text).not.toMatch(/swp (cancel|abandon|reject|approve)\b/);
});
