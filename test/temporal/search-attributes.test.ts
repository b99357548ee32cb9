import type { Connection } from '@temporalio/client';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, inject, test, vi } from 'vitest';
import type { TemporalClient } from '../../temporal/connect-client.js';
import {
  checkSearchAttributes,
  cloudCommands,
  registerSearchAttributes,
  searchAttributesError,
  selfHostedCommands,
  type SearchAttributeProblem,
} from '../../temporal/search-attributes.js';
import { connectTestClient, uniqueName } from '../support/temporal.js';

let temporal: TemporalClient;
let connection: Connection;

beforeAll(async () => {
  temporal = await connectTestClient();
  connection = temporal.connection;
});

afterAll(() => temporal.close());

const cli = (...args: string[]) => execa(inject('temporalCli'), [...args, '--address', temporal.address]);

/** Creates a namespace that has none of our attributes. */
const newNamespace = async (): Promise<string> => {
  const namespace = uniqueName('attributes');
  await cli('operator', 'namespace', 'create', '--namespace', namespace);
  await expect
    .poll(
      () =>
        checkSearchAttributes(connection, namespace).then(
          (problems) => problems.length,
          () => 0,
        ),
      { timeout: 20_000 },
    )
    .toBe(5);
  return namespace;
};

test('a fresh namespace lacks all five attributes', async () => {
  expect(await checkSearchAttributes(connection, await newNamespace())).toEqual([
    { name: 'SwpEntry', wanted: 'Keyword', found: null },
    { name: 'SwpStage', wanted: 'Keyword', found: null },
    { name: 'SwpTargets', wanted: 'KeywordList', found: null },
    { name: 'SwpPlan', wanted: 'Keyword', found: null },
    { name: 'SwpFindings', wanted: 'Int', found: null },
  ]);
});

test('registering twice leaves no problem', async () => {
  const namespace = await newNamespace();
  await registerSearchAttributes(connection, namespace);
  await registerSearchAttributes(connection, namespace);
  expect(await checkSearchAttributes(connection, namespace)).toEqual([]);
});

test('registering refuses an attribute of another type', async () => {
  const namespace = await newNamespace();
  await cli('operator', 'search-attribute', 'create', '--namespace', namespace, '--name', 'SwpStage', '--type', 'Int');
  await expect(registerSearchAttributes(connection, namespace)).rejects.toMatchObject({
    kind: 'invalid',
    code: 'temporal/search-attributes',
    message: `namespace "${namespace}" is not set up for SWP: SwpStage is Int and must be Keyword`,
  });
});

test('the commands for a self-hosted server fix a namespace', async () => {
  const namespace = await newNamespace();
  await cli('operator', 'search-attribute', 'create', '--namespace', namespace, '--name', 'SwpTargets', '--type', 'Keyword');
  for (const command of selfHostedCommands(await checkSearchAttributes(connection, namespace), namespace)) {
    await cli(...command.split(' ').slice(1));
  }
  await expect.poll(() => checkSearchAttributes(connection, namespace), { timeout: 20_000 }).toEqual([]);
});

const PROBLEMS: readonly SearchAttributeProblem[] = [
  { name: 'SwpStage', wanted: 'Keyword', found: 'Text' },
  { name: 'SwpTargets', wanted: 'KeywordList', found: null },
];

test('the commands for Temporal Cloud rename a wrong attribute and add all missing ones together', () => {
  expect(cloudCommands(PROBLEMS, 'swp.a1b2c')).toEqual([
    'tcld namespace search-attributes rename --namespace swp.a1b2c --existing-name SwpStage --new-name SwpStageText',
    'tcld namespace search-attributes add --namespace swp.a1b2c --search-attribute "SwpStage=Keyword" --search-attribute "SwpTargets=KeywordList"',
  ]);
});

test('the error names every problem and every command', () => {
  const { hint, message } = searchAttributesError(PROBLEMS, 'prod');
  expect(message).toBe('namespace "prod" is not set up for SWP: SwpStage is Text and must be Keyword, SwpTargets (KeywordList) is missing');
  for (const command of [...selfHostedCommands(PROBLEMS, 'prod'), ...cloudCommands(PROBLEMS, 'prod')]) expect(hint).toContain(command);
});

test('the check uses the list of the namespace when the operator service is refused', async () => {
  const namespace = await newNamespace();
  await registerSearchAttributes(connection, namespace);
  const refused = Object.assign(new Error('7 PERMISSION_DENIED'), { code: 7, details: 'no', metadata: {} });
  const list = vi.spyOn(connection.operatorService, 'listSearchAttributes').mockRejectedValue(refused);
  expect(await checkSearchAttributes(connection, namespace)).toEqual([]);
  expect(list).toHaveBeenCalledOnce();
  list.mockRestore();
});
