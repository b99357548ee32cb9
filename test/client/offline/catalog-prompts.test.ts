import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type * as program from '../../../client/program.js';
import { generateCheckpoint } from '../../../dev/checkpoint/generate.js';
import { startLocalHub, type LocalHub } from '../../../dev/hub/index.js';

/** The answers of the simulated person, in order, and the questions so far. */
const person = vi.hoisted(() => ({ answers: [] as unknown[], questions: [] as string[], options: {} as Record<string, unknown> }));
vi.mock('@clack/prompts', () => {
  const answer = (options: { message: string }): Promise<unknown> => {
    person.questions.push(options.message);
    person.options = { ...options };
    return Promise.resolve(person.answers.shift());
  };
  return { confirm: answer, text: answer, select: answer, CANCEL_SYMBOL: Symbol.for('gone away') };
});

const MINE = 'models: []\n';
let cwd: string;
let hub: LocalHub;
let run: typeof program.run;
beforeAll(async () => {
  // Another file may have loaded it with the real prompts.
  vi.resetModules();
  ({ run } = await import('../../../client/program.js'));
  cwd = await mkdtemp(join(tmpdir(), 'swp-prompts-'));
  hub = await startLocalHub({ directory: join(cwd, 'hub'), tokens: [] });
  await hub.admin.createRepo('labs/tiny');
  await hub.admin.commitFiles('labs/tiny', generateCheckpoint({ seed: 1, size: 'small' }).files, { message: 'x' });
  await writeFile(join(cwd, 'one.yaml'), 'sources:\n  - name: acme\n    path: mine.yaml\n');
  await writeFile(join(cwd, 'two.yaml'), 'sources:\n  - name: acme\n    path: mine.yaml\n  - name: other\n    path: other.yaml\n');
});
afterAll(async () => {
  vi.resetModules();
  await hub.close();
  await rm(cwd, { recursive: true, force: true });
});
beforeEach(async () => {
  person.questions.length = 0;
  await writeFile(join(cwd, 'mine.yaml'), MINE);
  await writeFile(join(cwd, 'other.yaml'), MINE);
});

/** Runs `swp` at a terminal with these answers. */
const swp = async (argv: readonly string[], ...answers: unknown[]) => {
  person.answers = answers;
  const kept = { out: '', err: '' };
  const stream = (name: 'out' | 'err') => ({ isTTY: true, write: (text: string) => (kept[name] += text) });
  const context = { env: { HF_ENDPOINT: hub.url, HOME: cwd, NO_COLOR: '1' }, cwd, interactive: true, signal: new AbortController().signal };
  const code = await run(argv, { out: stream('out'), err: stream('err'), ...context });
  return { code, ...kept };
};
const add = (file: string, argv: readonly string[], ...answers: unknown[]) =>
  swp(['catalog', 'add', 'labs/tiny', '--catalog', file, ...argv], ...answers);
const text = (name: string): Promise<string> => readFile(join(cwd, name), 'utf8');

describe('swp catalog add on a terminal', () => {
  it('asks for the owner and a confirmation, and adds the entry', async () => {
    const { code, out } = await add('one.yaml', [], 'Acme-Weights', true);
    expect(code).toBe(0);
    expect(person.questions).toEqual([
      'Owner of the target repositories on the Hub?',
      expect.stringMatching(/^Add this to .*mine\.yaml\?$/),
    ]);
    expect(out.match(/key:/g)).toHaveLength(1);
    expect(await text('mine.yaml')).toContain('mtp_sidecar_repo: Acme-Weights/tiny-mtp');
  });

  it('writes nothing on a no, and exits 9', async () => {
    const { code, err } = await add('one.yaml', ['--namespace', 'acme'], false);
    expect([code, err]).toEqual([9, expect.stringContaining('Nothing was written.')]);
    expect(await text('mine.yaml')).toBe(MINE);
  });

  it('writes nothing when the question is cancelled', async () => {
    const { code, err } = await add('one.yaml', ['--namespace', 'acme'], Symbol.for('gone away'));
    expect([code, err]).toEqual([130, expect.stringContaining('You did not answer the question. Nothing was changed.')]);
    expect(await text('mine.yaml')).toBe(MINE);
  });

  it('asks for the source when there are several', async () => {
    await add('two.yaml', [], 'other', 'acme', true);
    expect(person.questions[0]).toBe('Which source gets the entry?');
    expect([await text('mine.yaml'), await text('other.yaml')]).toEqual([MINE, expect.stringContaining('key: tiny-mtp')]);
  });

  it('asks nothing when flags give every answer', async () => {
    expect((await add('two.yaml', ['--source', 'other', '--namespace', 'acme', '--yes'])).code).toBe(0);
    expect(person.questions).toEqual([]);
  });

  it('asks nothing with --json, and exits 2 without --yes', async () => {
    const { code } = await add('one.yaml', ['--json']);
    expect([code, person.questions]).toEqual([2, []]);
  });
});

describe('swp catalog init on a terminal', () => {
  it('asks for the name of the source', async () => {
    expect((await swp(['catalog', 'init', 'made'], 'acme')).code).toBe(0);
    expect(person.questions).toEqual(['Name of your source? Its entries are called name/key.']);
    expect(await text('made/skulk-weights.yaml')).toContain('name: acme');
  });

  it('proposes the directory name as the default of an empty answer', async () => {
    await swp(['catalog', 'init', 'Proposed'], 'acme');
    expect(person.options).toMatchObject({ placeholder: 'proposed', defaultValue: 'proposed' });
    expect(person.options).not.toHaveProperty('initialValue');
    const validate = person.options['validate'] as (line: string | undefined) => string | undefined;
    expect([validate(''), validate(undefined), validate('acme')]).toEqual([undefined, undefined, undefined]);
    expect(validate('Acme!')).toContain('must be');
  });

  it('refuses an invalid answer', async () => {
    expect((await swp(['catalog', 'init', 'never'], 'Foxlight!')).code).toBe(2);
    await expect(text('never/skulk-weights.yaml')).rejects.toThrow();
  });
});
