import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { EXIT } from '../../client/exit-codes.js';
import { projectRoot } from '../../dev/temporal/project.js';
import { hubConfigFromEnv } from '../../hub/config.js';
import { GRACE_SECONDS } from '../../worker/grace.js';
import { readSettings, SETTINGS } from '../../settings/settings.js';
import { swp } from '../support/swp.js';

const ROLES = ['control', 'highmem'] as const;
const INSTALLED = '/opt/swp/dist/client/main.js';
/** Read by the rooms of the Hub and of larql, not by the settings of the worker. */
const ELSEWHERE = ['HF_ENDPOINT', 'HF_TOKEN_PATH', 'SWP_LARQL', 'TEMPORAL_CONFIG_FILE'];

const fileOf = (name: string): string => join(projectRoot(), 'deploy', 'systemd', name);

/** Settings of a unit by their name, each as often as it is given. */
const readUnit = async (role: string): Promise<ReadonlyMap<string, readonly string[]>> => {
  const unit = new Map<string, string[]>();
  for (const [, name, value] of (await readFile(fileOf(`swp-${role}.service`), 'utf8')).matchAll(/^([A-Za-z]+)=(.*)$/gm))
    unit.set(name!, [...(unit.get(name!) ?? []), value!]);
  return unit;
};

const assignments = (text: string): NodeJS.ProcessEnv =>
  Object.fromEntries([...text.matchAll(/^#?([A-Z][A-Z_]*)=(.*)$/gm)].map(([, name, value]) => [name!, value!]));

/** What the unit and its example file set, with what the example only shows. */
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
  it.skipIf(!hasSystemd)(
    hasSystemd ? 'is taken by systemd without a complaint' : 'NOT LOOKED AT BY systemd: there is no systemd-analyze on PATH',
    async () => {
      const text = await readFile(fileOf(`swp-${role}.service`), 'utf8');
      const directory = await mkdtemp(join(tmpdir(), 'swp-units-'));
      const copy = join(directory, `swp-${role}.service`);
      // Whether the program lies there is a matter of the host.
      await writeFile(copy, text.replace('ExecStart=/usr/bin/node', `ExecStart=${process.execPath}`));
      const said = await analyze('verify', copy).finally(() => rm(directory, { recursive: true, force: true }));
      expect(said).toBe('');
    },
  );

  it('runs a command that the program takes', async () => {
    const [node, program, ...args] = ((await readUnit(role)).get('ExecStart') ?? []).join(' ').split(' ');
    expect([node, program]).toEqual(['/usr/bin/node', INSTALLED]);
    // Past its parser, and no further than its settings.
    expect(await swp(args, { cwd: projectRoot(), env: { SWP_METRICS: 'nowhere' } })).toMatchObject({ code: EXIT.invalid });
  });

  it('is not started again where only a person can help', async () => {
    expect((await readUnit(role)).get('RestartPreventExitStatus')).toEqual([`${EXIT.usage} ${EXIT.invalid}`]);
    expect((await readUnit(role)).get('SuccessExitStatus')).toEqual([String(EXIT.interrupted)]);
  });

  it('waits longer for its end than the worker lets its steps go on', async () => {
    const [timeout] = (await readUnit(role)).get('TimeoutStopSec') ?? [];
    expect(Number(timeout)).toBeGreaterThanOrEqual(GRACE_SECONDS[role] + 15);
  });

  it('reads its tokens from files that systemd lends it', async () => {
    const unit = await readUnit(role);
    const lent = (unit.get('LoadCredential') ?? []).map((credential) => credential.split(':')[0]);
    const { HF_TOKEN_PATH, TEMPORAL_CONFIG_FILE } = await environmentOf(role);
    expect([HF_TOKEN_PATH, TEMPORAL_CONFIG_FILE]).toEqual(lent.map((name) => `%d/${name}`));
  });

  it('sets variables that a worker knows, and its example shows no other', async () => {
    const known = new Set([...SETTINGS, ...ELSEWHERE]);
    expect(Object.keys(await environmentOf(role)).filter((name) => !known.has(name))).toEqual([]);
  });

  it('has an example whose values a worker takes, those that it only shows too', async () => {
    const env = await environmentOf(role);
    expect(() => readSettings(env)).not.toThrow();
    expect(() => hubConfigFromEnv(env)).not.toThrow();
  });

  it('has an example without a token', async () => {
    const text = await readFile(fileOf(`${role}.env.example`), 'utf8');
    expect(text).not.toMatch(/(TOKEN|KEY)=\S/);
  });
});

it('the workers of one machine have ports of their own in the examples', async () => {
  const ports = await Promise.all(ROLES.map(async (role) => readSettings(await environmentOf(role)).metrics));
  expect(new Set(ports).size).toBe(ROLES.length);
});

it('the high-memory worker may write its scratch, and the control worker nothing', async () => {
  const { scratch } = readSettings(await environmentOf('highmem'));
  const writable = (await readUnit('highmem')).get('ReadWritePaths') ?? [];
  expect(writable.some((path) => scratch.startsWith(`${path}/`))).toBe(true);
  expect((await readUnit('control')).get('ReadWritePaths')).toBeUndefined();
});
