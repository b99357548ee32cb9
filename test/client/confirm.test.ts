import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type * as program from '../../client/program.js';
import { TestEnvironment } from '../support/test-environment.js';

/** The answer of the simulated person, and the questions so far. */
const person = vi.hoisted(() => ({ answer: false, questions: [] as { message: string; initialValue: boolean }[] }));
vi.mock('@clack/prompts', () => ({
  confirm: (options: { message: string; initialValue: boolean }) => {
    person.questions.push(options);
    return Promise.resolve(person.answer);
  },
  CANCEL_SYMBOL: Symbol.for('gone away'),
}));

let run: typeof program.run;
let testEnvironment: TestEnvironment;
beforeAll(async () => {
  // Another file may have loaded it with the real prompts.
  vi.resetModules();
  ({ run } = await import('../../client/program.js'));
});
afterAll(() => void vi.resetModules());
beforeEach(async () => {
  testEnvironment = await TestEnvironment.open('confirm');
  person.questions.length = 0;
});
afterEach(() => testEnvironment.close());

/** Runs `swp` with or without a terminal. */
const swp = async (interactive: boolean, ...argv: string[]) => {
  const kept = { out: '', err: '' };
  const stream = (name: 'out' | 'err') => ({ isTTY: interactive, write: (text: string) => (kept[name] += text) });
  const context = { env: testEnvironment.clientEnv(), cwd: testEnvironment.directory, interactive, signal: new AbortController().signal };
  return { code: await run(argv, { out: stream('out'), err: stream('err'), ...context }), ...kept };
};
const entry = (): string => testEnvironment.entry().name;
const status = async (): Promise<string> => {
  const { status: found } = await testEnvironment.handle().describe();
  return found.name;
};

const pause = async (): Promise<void> => {
  testEnvironment.hub.on(({ operation }) =>
    operation === 'commit' ? { kind: 'status', status: 403, body: '{"error":"Forbidden"}' } : undefined,
  );
  await testEnvironment.start();
  await testEnvironment.approve();
  await testEnvironment.untilTarget('needs-attention');
};

interface Case {
  readonly verb: 'cancel' | 'abandon';
  readonly begin: () => Promise<void>;
  readonly question: RegExp;
}
const CASES: readonly Case[] = [
  {
    verb: 'cancel',
    begin: async () => {
      await testEnvironment.start();
    },
    question: /^Cancel the publish of .* \((?:awaiting-approval|planning)\)/,
  },
  { verb: 'abandon', begin: pause, question: /^Abandon target\// },
];

describe.each(CASES)('swp $verb', ({ verb, begin, question }) => {
  it('asks on a terminal with no as the default, and changes nothing on a no', async () => {
    await begin();
    person.answer = false;
    const { code, err } = await swp(true, verb, entry());
    expect(person.questions).toMatchObject([{ message: expect.stringMatching(question), initialValue: false }]);
    expect([code, err]).toEqual([9, expect.stringContaining('Nothing was changed.')]);
    expect(await status()).toBe('RUNNING');
    person.answer = true;
    expect((await swp(true, verb, entry())).code).toBe(0);
    await expect.poll(status, { timeout: 20_000 }).not.toBe('RUNNING');
  });

  it('requires --yes without a terminal', async () => {
    await begin();
    const { code, err } = await swp(false, verb, entry());
    expect([code, err]).toEqual([2, expect.stringContaining(`swp ${verb} ${entry()} --yes`)]);
    expect(await status()).toBe('RUNNING');
    expect((await swp(false, verb, entry(), '--yes')).code).toBe(0);
    await expect.poll(status, { timeout: 20_000 }).not.toBe('RUNNING');
    expect(person.questions).toEqual([]);
  });
});
