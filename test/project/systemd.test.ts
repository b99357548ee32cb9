import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { EXIT } from '../../client/exit-codes.js';
import { projectRoot } from '../../dev/temporal/project.js';
import { hubConfigFromEnv } from '../../hub/hub-config.js';
import { GRACE_SECONDS } from '../../worker/grace.js';
import { readSettings, SETTINGS } from '../../settings/settings.js';
import { swp } from '../support/swp.js';

const ROLES = ['control', 'highmem'] as const;
const INSTALLED = '/opt/swp/dist/client/main.js';
/** Variables that are read by other modules than the settings of the worker. */
const OTHER_VARIABLES = ['HF_ENDPOINT', 'HF_TOKEN_PATH', 'SWP_LARQL', 'TEMPORAL_CONFIG_FILE'];

const fileOf = (name: string): string => join(projectRoot(), 'deploy', 'systemd', name);

/** Settings of a unit: each name with all of its values. */
const readUnit = async (role: string): Promise<ReadonlyMap<string, readonly string[]>> => {
  const unit = new Map<string, string[]>();
  for (const [, name, value] of (await readFile(fileOf(`swp-${role}.service`), 'utf8')).matchAll(/^([A-Za-z]+)=(.*)$/gm))
    unit.set(name!, [...(unit.get(name!) ?? []), value!]);
  return unit;
};

const assignments = (text: string): NodeJS.ProcessEnv =>
  Object.fromEntries([...text.matchAll(/^#?([A-Z][A-Z_]*)=(.*)$/gm)].map(([, name, value]) => [name!, value!]));

/** Variables of the unit and of its example file, including those that the example comments out. */
const environmentOf = async (role: string): Promise<NodeJS.ProcessEnv> => ({
  ...assignments(((await readUnit(role)).get('Environment') ?? []).join(' ').split(' ').join('\n')),
  ...assignments(await readFile(fileOf(`${role}.env.example`), 'utf8')),
});

const analyze = async (...args: string[]): Promise<string> => {
  const { stdout, stderr } = await promisify(execFile)('systemd-analyze', args, { env: { ...process.env, NO_COLOR: '1' } });
  return stdout + stderr;
};
const hasSystemd = await analyze('--version').then(
  () => true,
  () => false,
);

describe.each(ROLES)('swp-%s.service', (role) => {
  it.skipIf(!hasSystemd)(hasSystemd ? 'passes systemd-analyze verify' : 'NOT VERIFIED: systemd-analyze is not on PATH', async () => {
    const text = await readFile(fileOf(`swp-${role}.service`), 'utf8');
    const directory = await mkdtemp(join(tmpdir(), 'swp-units-'));
    const copy = join(directory, `swp-${role}.service`);
    // The path of the program depends on the host.
    await writeFile(copy, text.replace('ExecStart=/usr/bin/node', `ExecStart=${process.execPath}`));
    const output = await analyze('verify', copy).finally(() => rm(directory, { recursive: true, force: true }));
    expect(output).toBe('');
  });

  it('runs a command with valid arguments', async () => {
    const [node, program, ...args] = ((await readUnit(role)).get('ExecStart') ?? []).join(' ').split(' ');
    expect([node, program]).toEqual(['/usr/bin/node', INSTALLED]);
    // The arguments are parsed, and then the invalid setting ends the command.
    expect(await swp(args, { cwd: projectRoot(), env: { SWP_METRICS: 'nowhere' } })).toMatchObject({ code: EXIT.invalid });
  });

  it('is not restarted after errors that only a person can fix', async () => {
    expect((await readUnit(role)).get('RestartPreventExitStatus')).toEqual([`${EXIT.usage} ${EXIT.invalid}`]);
    expect((await readUnit(role)).get('SuccessExitStatus')).toEqual([String(EXIT.interrupted)]);
  });

  it('waits longer for the worker to stop than the grace period of its steps', async () => {
    const [timeout] = (await readUnit(role)).get('TimeoutStopSec') ?? [];
    expect(Number(timeout)).toBeGreaterThanOrEqual(GRACE_SECONDS[role] + 15);
  });

  it('reads its tokens from systemd credentials', async () => {
    const unit = await readUnit(role);
    const credentials = (unit.get('LoadCredential') ?? []).map((credential) => credential.split(':')[0]);
    const { HF_TOKEN_PATH, TEMPORAL_CONFIG_FILE } = await environmentOf(role);
    expect([HF_TOKEN_PATH, TEMPORAL_CONFIG_FILE]).toEqual(credentials.map((name) => `%d/${name}`));
  });

  it('sets only known variables, and so does its example', async () => {
    const known = new Set([...SETTINGS, ...OTHER_VARIABLES]);
    expect(Object.keys(await environmentOf(role)).filter((name) => !known.has(name))).toEqual([]);
  });

  it('has an example with valid values, including those that are commented out', async () => {
    const env = await environmentOf(role);
    expect(() => readSettings(env)).not.toThrow();
    expect(() => hubConfigFromEnv(env)).not.toThrow();
  });

  it('has an example without a token', async () => {
    const text = await readFile(fileOf(`${role}.env.example`), 'utf8');
    expect(text).not.toMatch(/(TOKEN|KEY)=\S/);
  });
});

it('the examples give each worker its own port for metrics', async () => {
  const ports = await Promise.all(ROLES.map(async (role) => readSettings(await environmentOf(role)).metrics));
  expect(new Set(ports).size).toBe(ROLES.length);
});

it('the high-memory worker may write to its scratch, and the control worker to no path', async () => {
  const { scratch } = readSettings(await environmentOf('highmem'));
  const writable = (await readUnit('highmem')).get('ReadWritePaths') ?? [];
  expect(writable.some((path) => scratch.startsWith(`${path}/`))).toBe(true);
  expect((await readUnit('control')).get('ReadWritePaths')).toBeUndefined();
});
