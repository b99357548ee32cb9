import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { publishHere } from '../support/publish-here.js';
import { swp, type SwpRun } from '../support/swp.js';
import { TestEnvironment } from '../support/test-environment.js';
import { TOKENS } from '../support/tokens.js';

// The ids of schedules are the same in every test file: no other file may create any.
let testEnvironment: TestEnvironment;
beforeAll(async () => {
  testEnvironment = await TestEnvironment.open('schedule');
  await testEnvironment.writeCatalog();
  await publishHere(testEnvironment.entry(), { hub: testEnvironment.hub, token: TOKENS.write, directory: testEnvironment.directory });
});
afterAll(async () => {
  await run('delete');
  await testEnvironment.close();
});

const run = (...argv: readonly string[]): Promise<SwpRun> =>
  swp(['schedule', ...argv], { cwd: testEnvironment.directory, env: testEnvironment.clientEnv() });
const json = async (...argv: readonly string[]): Promise<unknown> => JSON.parse((await run(...argv, '--json')).out);

describe('swp schedule', () => {
  it('points to swp schedule set before it is set', async () => {
    for (const argv of [['show'], ['pause'], ['resume'], ['delete'], ['trigger', 'nightly']]) {
      const { code, err } = await run(...argv);
      expect(code).toBe(1);
      expect(err).toContain('swp schedule set');
    }
  });

  it('set creates both schedules, and changes nothing when it is repeated', async () => {
    expect((await run('set')).out).toBe('nightly: at 30 2 * * *, UTC: created\nweekly: at 0 4 * * 6, UTC: created\n');
    expect((await run('set')).out).toBe('nightly: at 30 2 * * *, UTC: unchanged\nweekly: at 0 4 * * 6, UTC: unchanged\n');
  });

  it('set changes the times, and keeps a paused schedule paused', async () => {
    expect((await run('pause', 'weekly', '--note', 'the Hub moves house')).code).toBe(0);
    const { out } = await run('set', '--weekly', '15 5 * * 0', '--timezone', 'Europe/Berlin', '--weeks', '4');
    expect(out).toBe('nightly: at 30 2 * * *, Europe/Berlin: changed\nweekly: at 15 5 * * 0, Europe/Berlin: changed\n');
    expect(await json('show')).toMatchObject([
      { which: 'nightly', paused: false, timezone: 'Europe/Berlin', next: expect.stringMatching(/T0[01]:30:00/) },
      { which: 'weekly', paused: true, note: 'the Hub moves house', cron: '15 5 * * 0', next: null },
    ]);
    await run('resume');
    expect(await json('show')).toMatchObject([{ paused: false }, { paused: false }]);
    const described = await testEnvironment.temporal.client.schedule.getHandle('revalidate/weekly').describe();
    expect(described.policies).toMatchObject({ overlap: 'SKIP', catchupWindow: 2 * 86_400_000 });
    expect(described.action.args).toEqual([{ which: 'weekly', weeks: 4 }]);
  });

  it.each<[string, readonly string[], string]>([
    ['an invalid crontab line', ['--nightly', 'at night'], '--nightly (SWP_NIGHTLY): must have the five fields'],
    ['impossible times', ['--weekly', '99 99 * * *'], 'The Temporal server rejects the schedule "99 99 * * *"'],
    ['an unknown time zone', ['--timezone', 'Mars/Olympus'], '--timezone (SWP_SCHEDULE_TIMEZONE): must be a time zone'],
    ['zero weeks', ['--weeks', '0'], '--weeks (SWP_READ_WEEKS)'],
  ])('set refuses %s', async (_, flags, message) => {
    const { code, err } = await run('set', ...flags);
    expect(err).toContain(message);
    expect(code).toBe(2);
  });

  it('trigger runs a check immediately and shows its findings, as does show', async () => {
    const intact = await run('trigger', 'nightly', '--watch');
    expect(intact).toMatchObject({
      code: 0,
      out: 'nightly: no findings in 1 target\n  compared with the listing of the Hub; no bytes were read back\n',
    });
    await testEnvironment.hub.admin.commitFiles(testEnvironment.target, new Map([['README.md', Buffer.from('# Mine')]]), { message: 'x' });
    const { code, out } = await run('trigger', 'nightly', '--watch');
    expect(code).toBe(7);
    expect(out).toMatch(
      /^nightly: 1 finding and 1 note in 1 target\n {2}compared .*\n {2}\S+-mtp {2}card-differs {2}README\.md has 6 bytes instead of/,
    );
    expect(out).toMatch(/: started a publish, which waits for approval\n$/);
    const shown = await run('show');
    expect(shown.out).toMatch(/^nightly: at 30 2 \* \* \*, Europe\/Berlin; next 2/);
    expect(shown.out).toContain('card-differs  README.md has 6 bytes');
    expect((await run('show', '--markdown')).out).toMatch(/^## Re-validation, nightly: 1 finding[\s\S]*`card-differs` \|/m);
    await testEnvironment.handle().cancel();
  });

  it('trigger of the weekly check reads bytes back', async () => {
    await run('set', '--weeks', '1');
    expect((await run('trigger', 'weekly', '--watch')).out).toMatch(
      /^weekly: no findings in 1 target\n {2}\d[\d.]* kB of \d[\d.]* kB read back: 4 files whole/,
    );
    const { out } = await run('trigger', 'weekly', '--watch', '--json');
    expect(JSON.parse(out)).toMatchObject({ which: 'weekly', filesRead: 4, targets: 1 });
  });

  it('delete removes both schedules', async () => {
    expect((await run('delete')).out).toBe('nightly: deleted\nweekly: deleted\n');
    expect((await run('show')).code).toBe(1);
  });
});
