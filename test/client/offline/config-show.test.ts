import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { swp } from '../../support/swp.js';

let cwd: string;
beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'swp-config-show-'));
});
afterEach(() => rm(cwd, { recursive: true, force: true }));

interface Shown {
  readonly file: string | null;
  readonly settings: readonly { readonly name: string; readonly value: string | null; readonly origin: string }[];
}

describe('swp config show', () => {
  it('shows each setting with its origin, and never a secret', async () => {
    const file = join(cwd, 'swp.toml');
    await writeFile(file, 'slots = 2\ntargets = ["acme"]\n');
    const env = {
      HOME: cwd,
      SWP_CONFIG: file,
      SWP_KEEP: '12h',
      HF_TOKEN: 'hf_topsecret',
      SWP_WEBHOOK: 'https://example.com/hook-secret',
      TEMPORAL_ADDRESS: 'temporal.acme.example:7233',
      TEMPORAL_API_KEY: 'key-secret',
    };
    const { code, out, err } = await swp(['config', 'show', '--json'], { cwd, env });
    expect(code).toBe(0);
    const shown = JSON.parse(out) as Shown;
    expect(shown.file).toBe(file);
    const originOf = (name: string) => shown.settings.find((row) => row.name === name);
    expect(originOf('SWP_SLOTS')).toMatchObject({ value: '2', origin: file });
    expect(originOf('SWP_KEEP')).toMatchObject({ value: '12h', origin: 'environment' });
    expect(originOf('TEMPORAL_ADDRESS')).toMatchObject({ value: 'temporal.acme.example:7233', origin: 'environment' });
    expect(originOf('HF_TOKEN')).toMatchObject({ value: null, origin: 'environment' });
    const plain = await swp(['config', 'show'], { cwd, env });
    expect(plain.out).toMatch(/^SWP_WEBHOOK\t\(set\)\tenvironment$/m);
    expect(out + err + plain.out + plain.err).not.toMatch(/topsecret|hook-secret|key-secret/);
  });

  it('says so when there is no file', async () => {
    const { code, err } = await swp(['config', 'show'], { cwd, env: { HOME: cwd } });
    expect({ code, err }).toMatchObject({ code: 0, err: expect.stringContaining('There is no swp.toml') });
  });

  it('names a mistake in the file, and every command does', async () => {
    const file = join(cwd, 'swp.toml');
    await writeFile(file, 'slotz = 2\n');
    for (const argv of [
      ['config', 'show'],
      ['catalog', 'list'],
    ]) {
      const { code, err } = await swp(argv, { cwd, env: { HOME: cwd, SWP_CONFIG: file } });
      expect({ code, err }).toMatchObject({ code: 3, err: expect.stringContaining('did you mean slots?') });
    }
  });
});
