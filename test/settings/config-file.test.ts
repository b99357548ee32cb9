import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readConfigFile, settingOrigins, withConfigFile } from '../../settings/config-file.js';
import { KNOWN_SETTINGS, SECRET_SETTINGS } from '../../settings/known-settings.js';
import { readSettings, SETTINGS } from '../../settings/settings.js';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'swp-config-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const write = async (text: string): Promise<NodeJS.ProcessEnv> => {
  const path = join(directory, 'swp.toml');
  await writeFile(path, text);
  return { SWP_CONFIG: path, HOME: directory };
};

describe('swp.toml', () => {
  it('holds texts, numbers and lists under the lower-case names of the variables', async () => {
    const env = await write('scratch = "/data/swp"\nslots = 2\nprove_shards = 1.25\ntargets = ["acme", "other"]\n');
    expect((await readConfigFile(env))?.values).toEqual({
      SWP_SCRATCH: '/data/swp',
      SWP_SLOTS: '2',
      SWP_PROVE_SHARDS: '1.25',
      SWP_TARGETS: 'acme,other',
    });
  });

  it('is read from the configuration directory when SWP_CONFIG is not set', async () => {
    await mkdir(join(directory, '.config', 'swp'), { recursive: true });
    await writeFile(join(directory, '.config', 'swp', 'swp.toml'), 'slots = 3\n');
    expect((await readConfigFile({ HOME: directory }))?.values).toEqual({ SWP_SLOTS: '3' });
    expect(await readConfigFile({ HOME: directory, XDG_CONFIG_HOME: join(directory, 'elsewhere') })).toBeNull();
  });

  it.each([
    ['slotz = 2\n', /swp\.toml: unknown setting slotz; did you mean slots\?/],
    ['webhook = "https://example.com/x"\n', /webhook is a secret: set SWP_WEBHOOK in the environment/],
    ['source_token = "hf_x"\n', /source_token is a secret: set SWP_SOURCE_TOKEN in the environment/],
    ['slots = true\n', /slots must be a text, a number or a list of texts/],
    ['[approvals]\nself = "deny"\n', /unknown setting approvals/],
    ['slots = \n', /swp\.toml: line 1, column \d+: /],
    ['slots = 1\nslots = 2\n', /swp\.toml: line 2, column \d+: /],
  ])('refuses %j', async (text, message) => {
    await expect(readConfigFile(await write(text))).rejects.toMatchObject({
      code: 'settings/config-file',
      kind: 'invalid',
      message: expect.stringMatching(message),
    });
  });

  it('must exist when SWP_CONFIG names it', async () => {
    await expect(readConfigFile({ SWP_CONFIG: join(directory, 'nope.toml') })).rejects.toThrow(/nope\.toml: file not found/);
  });

  it('must be a file of at most 1 MiB', async () => {
    await expect(readConfigFile({ SWP_CONFIG: directory })).rejects.toThrow(/is not a file/);
    await expect(readConfigFile(await write(`#${'x'.repeat(1024 * 1024)}\n`))).rejects.toThrow(/the maximum is 1048576/);
  });

  it('yields to a variable of the environment, but not to an empty one', async () => {
    const env = await write('slots = 2\nkeep = "12h"\n');
    const merged = withConfigFile({ ...env, SWP_SLOTS: '5', SWP_KEEP: '' }, await readConfigFile(env));
    expect(merged).toMatchObject({ SWP_SLOTS: '5', SWP_KEEP: '12h' });
    expect(readSettings(merged)).toMatchObject({ slots: 5, keepMs: 12 * 3_600_000 });
  });
});

describe('the origins of settings', () => {
  it('name the environment, the file or the default', async () => {
    const env = { ...(await write('slots = 2\nkeep = "12h"\n')), SWP_SLOTS: '5', SWP_WEBHOOK: 'https://example.com/secret' };
    const origins = new Map(settingOrigins(env, await readConfigFile(env)).map((row) => [row.name, row]));
    expect(origins.get('SWP_SLOTS')).toMatchObject({ value: '5', origin: 'environment' });
    expect(origins.get('SWP_KEEP')).toMatchObject({ value: '12h', origin: join(directory, 'swp.toml') });
    expect(origins.get('SWP_TASK_QUEUE')).toMatchObject({ value: 'swp', origin: 'default' });
    expect(origins.get('SWP_TARGETS')).toMatchObject({ value: null, origin: 'unset' });
    expect(origins.get('SWP_WEBHOOK')).toMatchObject({ value: null, origin: 'environment', isSecret: true });
  });

  it('include every setting of the workers', () => {
    const names = [...KNOWN_SETTINGS.map(({ name }) => name), ...SECRET_SETTINGS];
    expect(names).toEqual(expect.arrayContaining(SETTINGS.filter((name) => name !== 'SWP_LARQL_STAND_IN')));
  });

  it.each(KNOWN_SETTINGS.filter(({ name, default: text }) => typeof text === 'string' && SETTINGS.includes(name)))(
    'state the default of $name that the workers use',
    ({ name, default: text }) => expect(readSettings({ [name]: text as string })).toEqual(readSettings({})),
  );
});
