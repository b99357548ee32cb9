import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { registerSearchAttributes } from '../../temporal/search-attributes.js';
import { SwpEntry, SwpPlan, SwpStage } from '../../contract/search-attributes.js';
import { connectClient, type TemporalClient } from '../../temporal/connect-client.js';
import { swp } from '../support/swp.js';
import { connectTestClient, testTemporalEnv, uniqueName } from '../support/temporal.js';

const namespace = uniqueName('lists');
/** An entry of the built-in catalog. */
const ENTRY = 'foxlight/gemma-3-4b-full-q4-k';
const env = { ...testTemporalEnv(), TEMPORAL_NAMESPACE: namespace, NO_COLOR: '1' };
let temporal: TemporalClient;

const run = (argv: readonly string[], terminal = false) => swp(argv, { cwd: '/', env, terminal });

/** Uses a separate namespace, so that its lists hold only what this test puts there. */
beforeAll(async () => {
  const { connection, close } = await connectTestClient();
  await connection.workflowService.registerNamespace({ namespace, workflowExecutionRetentionPeriod: { seconds: 86_400 as never } });
  await close();
  for (;;) {
    const opened = await connectClient({ env }).catch(() => null);
    if (opened !== null) {
      temporal = opened;
      return;
    }
  }
});
afterAll(() => temporal.close());

const startAt = (id: string, type: string, entry: string, stage: string | null, plan?: string) =>
  temporal.client.workflow.start(type, {
    workflowId: id,
    taskQueue: 'nobody',
    typedSearchAttributes: [
      { key: SwpEntry, value: entry },
      ...(stage === null ? [] : [{ key: SwpStage, value: stage }]),
      ...(plan === undefined ? [] : [{ key: SwpPlan, value: plan }]),
    ],
  });

const golden = async (name: string, argv: readonly string[], terminal = false) => {
  const { code, out, err } = await run(argv, terminal);
  const text = `exit ${code}\n--- stdout\n${out}--- stderr\n${err}`
    // The column is as wide as the relative time.
    .replaceAll(/(?<=since) +(?=decide)/g, '  ')
    .replaceAll(/(?:now|\d+ \w+ ago) +/g, '<time>  ')
    .replaceAll(/(?:now|\d+ \w+ ago)$/gm, '<time>')
    .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g, '<time>')
    .replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/g, '<run>')
    .replaceAll(namespace, '<namespace>');
  await expect(text).toMatchFileSnapshot(`goldens/${name}.txt`);
};

describe('a namespace that is not set up', () => {
  it('is reported by swp pending', () => golden('lists-not-set-up', ['pending']));

  it.each([
    ['pending', ['pending']],
    ['start', ['start', ENTRY]],
  ])('%s names the missing search attribute and the setup command', async (_, argv) => {
    const { code, err } = await run(argv);
    expect([code, err]).toEqual([
      3,
      expect.stringContaining(`namespace "${namespace}" is not set up for SWP: SwpEntry (Keyword) is missing`),
    ]);
    expect(err).toContain('`swp doctor --setup`');
    expect(err).not.toContain('INVALID_ARGUMENT');
  });
});

describe('a namespace where nothing runs', () => {
  beforeAll(async () => {
    await registerSearchAttributes(temporal.connection, namespace);
    while ((await run(['pending'])).code !== 0);
  });

  it.each([
    ['pending-none', ['pending']],
    ['pending-none-json', ['pending', '--json']],
    ['status-none', ['status']],
  ])('prints the golden %s', (name, argv) => golden(name, argv));
});

describe('a namespace where publishes wait', () => {
  beforeAll(async () => {
    const plan = `sha256:${'0123456789abcdef'.repeat(4)}`;
    await startAt('publish/acme/waits', 'publishEntry', 'acme/waits', 'awaiting-approval', plan);
    await startAt('publish/acme/paused', 'publishEntry', 'acme/paused', 'needs-attention');
    await startAt('target/acme/paused-mtp', 'publishArtifact', 'acme/paused', 'needs-attention');
    await startAt('publish/acme/plans', 'publishEntry', 'acme/plans', 'planning');
    await startAt('publish/evil', 'publishEntry', 'acme/x; \u001b[2Jrm -rf ~', 'needs-attention');
    await startAt('another', 'somethingElse', 'acme/else', 'awaiting-approval');
    while ((await temporal.client.workflow.count()).count < 6);
  });

  it.each([
    ['of a running publish', ['status', 'acme/wait'], 'acme/waits'],
    ['of a running publish, by its key', ['approve', 'wait'], 'acme/waits'],
    ['of the catalog', ['retry', 'foxlight/gemma-3-4b-full-q4-j'], ENTRY],
    ['of the catalog, by its key', ['cancel', 'gemma-3-4b-full-q4-j', '--yes'], ENTRY],
    ['of a running publish, for history', ['history', 'acme/plan'], 'acme/plans'],
    ['of a running publish, for plan', ['plan', 'acme/plan'], 'acme/plans'],
    ['of a running publish, for move', ['move', 'acme/plan'], 'acme/plans'],
  ])('suggests the nearest name %s', async (_, argv, near) => {
    const { code, err } = await run(argv);
    expect([code, err]).toEqual([1, expect.stringContaining(`Did you mean ${near}?`)]);
  });

  it('points to swp catalog list when no name is similar', async () => {
    const { err } = await run(['status', 'other/thing-of-another-kind']);
    expect(err).toMatch(/No publish of other\/thing-of-another-kind[\s\S]*swp catalog list/);
    expect(err).not.toContain('Did you mean');
  });

  it('names the start command for a catalog entry that was never published', async () => {
    const { err } = await run(['status', ENTRY]);
    expect(err).toContain(`Start one with \`swp start ${ENTRY}\``);
  });

  it('accepts the key of a running publish that is not in the catalog', async () => {
    const { out } = await run(['status', 'waits']);
    expect(out).toMatch(/^acme\/waits: awaiting-approval/);
  });

  it.each<[string, string[], boolean]>([
    ['pending-terminal', ['pending'], true],
    ['pending-plain', ['pending'], false],
    ['pending-json', ['pending', '--json'], false],
    ['status-terminal', ['status'], true],
    ['status-plain', ['status'], false],
  ])('prints the golden %s', golden);
});
