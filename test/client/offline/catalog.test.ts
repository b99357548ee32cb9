import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { projectRoot } from '../../../dev/temporal/project.js';
import { swp } from '../../support/swp.js';

let cwd: string;
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'swp-cli-'));
  await writeFile(join(cwd, 'skulk-weights.yaml'), 'sources:\n  - name: acme\n    path: mine.yaml\n');
  await writeFile(
    join(cwd, 'mine.yaml'),
    'models:\n  - key: tiny\n    tier: smoke\n    mtp_source_repo: labs/tiny\n    mtp_sidecar_repo: acme/tiny-mtp\n',
  );
  await mkdir(join(cwd, 'broken'));
  await writeFile(
    join(cwd, 'broken', 'skulk-weights.yaml'),
    'include_foxlight: false\nsources:\n  - name: acme\n    path: mine.yaml\n  - name: other\n    path: gone.yaml\n',
  );
  await writeFile(
    join(cwd, 'broken', 'mine.yaml'),
    'models:\n  - key: Tiny\n    tier: smoke\n    mtp_source_rep: labs/tiny\n    "\\e[2J\\u202ecolour": red\n  - key: quantised\n    tier: smoke\n    mtp_source_repo: labs/tiny\n    mtp_sidecar_repo: acme/tiny-mtp\n    mtp_quant: q4\n',
  );
});
afterAll(() => rm(cwd, { recursive: true, force: true }));

/** Replaces the paths of this run. */
const clean = (text: string): string => text.replaceAll(cwd, '<cwd>').replaceAll(projectRoot(), '<project>');
const golden = async (name: string, argv: string[], terminal = false) => {
  const { code, out, err } = await swp(argv, { cwd, terminal, env: { NO_COLOR: '1' } });
  await expect(`exit ${code}\n--- stdout\n${clean(out)}--- stderr\n${clean(err)}`).toMatchFileSnapshot(`goldens/${name}.txt`);
};

describe('swp catalog', () => {
  it.each([
    ['list-plain', ['catalog', 'list'], false],
    ['list-terminal', ['catalog', 'list'], true],
    ['show', ['catalog', 'show', 'acme/tiny'], true],
    ['show-json', ['catalog', 'show', 'acme/tiny', '--json'], false],
    ['sources', ['catalog', 'sources'], true],
    ['sources-json', ['catalog', 'sources', '--json'], false],
    ['validate', ['catalog', 'validate'], false],
    ['validate-json', ['catalog', 'validate', '--json'], true],
    ['validate-broken', ['catalog', 'validate', '--catalog', 'broken/skulk-weights.yaml'], true],
    ['list-broken', ['catalog', 'list', '--catalog', 'broken/skulk-weights.yaml'], false],
    ['list-broken-json', ['catalog', 'list', '--catalog', 'broken/skulk-weights.yaml', '--json'], false],
    ['unknown-option', ['start', 'acme/tiny', '--dryrun'], false],
    ['no-command', [], false],
    ['unknown-entry', ['catalog', 'show', 'acme/tinny'], false],
    ['unknown-entry-json', ['--json', 'catalog', 'show', 'acme/tinny'], false],
    ['help', ['--help'], false],
    ['unknown-command', ['stat'], false],
    ['missing-argument', ['start'], false],
    ['wrong-kind', ['start', 'acme/tiny', '--only', 'gguf'], false],
    ['kind-not-there', ['start', 'acme/tiny', '--only', 'vindex'], false],
    ['dev-fault-help', ['dev', '--fault', 'help'], false],
    ['dev-unknown-fault', ['dev', '--fault', 'part-503', '--fault', 'part-50'], false],
    ['dev-wrong-place', ['dev', '--fault', 'part-503@third'], false],
    ['unknown-role', ['worker', 'tea'], false],
  ] as [string, string[], boolean][])('prints the golden %s', (name, argv, terminal) => golden(name, argv, terminal));

  it('reports the mistakes of a broken catalog and exits 3', async () => {
    const file = join(cwd, 'broken.yaml');
    await writeFile(file, 'sources:\n  - name: acme\n    path: broken-models.yaml\n');
    await writeFile(join(cwd, 'broken-models.yaml'), 'models:\n  - key: Tiny\n    tier: smoke\n    mtp_source_rep: labs/tiny\n');
    const validated = await swp(['catalog', 'validate', '--catalog', file], { cwd });
    expect(validated.code).toBe(3);
    expect(clean(validated.out)).toContain('<cwd>/broken-models.yaml:4: mtp_source_rep: unknown field; did you mean mtp_source_repo?');
    const started = await swp(['start', 'acme/tiny'], { cwd, env: { SWP_CATALOG: file } });
    expect(started.code).toBe(3);
    expect(started.err).toContain('broken-models.yaml:2: key:');
  });

  it('reports invalid YAML with its line', async () => {
    const file = join(cwd, 'bad.yaml');
    await writeFile(file, 'sources:\n  - name: [\n');
    const { code, err } = await swp(['--catalog', file, 'catalog', 'list'], { cwd });
    expect(code).toBe(3);
    expect(err).toMatch(/bad\.yaml:\d+:/);
  });

  it('uses colours on a terminal unless NO_COLOR is set', async () => {
    expect((await swp(['catalog', 'list'], { cwd, terminal: true })).out).toContain('\u001b[');
    expect((await swp(['catalog', 'list'], { cwd, terminal: true, env: { NO_COLOR: '1' } })).out).not.toContain('\u001b[');
  });
});

it.each([
  ['status'],
  ['status', 'acme/tiny', '--watch'],
  ['pending'],
  ['history', 'acme/tiny'],
  ['plan', 'acme/tiny'],
  ['start', 'acme/tiny'],
  ['approve', 'acme/tiny', '--plan', 'a'.repeat(32)],
  ['reject', 'acme/tiny', '--plan', 'a'.repeat(32)],
  ['retry', 'acme/tiny'],
  ['abandon', 'acme/tiny', '--yes'],
  ['cancel', 'acme/tiny', '--yes'],
])('swp %s without a server points to swp dev and exits 5', async (...argv) => {
  const { code, out, err } = await swp(argv, { cwd, env: { TEMPORAL_ADDRESS: '127.0.0.1:1', TEMPORAL_CONFIG_FILE: '/nonexistent' } });
  expect(code).toBe(5);
  expect(out).toBe('');
  expect(err).toContain('swp dev');
});
