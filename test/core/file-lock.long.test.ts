import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import { lockFile } from '../../core/file-lock.js';
import { identifyProcess } from '../../core/process-identity.js';
import { projectRoot } from '../../dev/temporal/project.js';

/** A thousand trials take half an hour; a few show that the test works. */
const TRIALS = Number(process.env['SWP_LOCK_TRIALS'] ?? 10);
const PROCESSES = 8;
/** One attempt makes two to six calls: some processes die within their first attempt, some in a later one, some never. */
const FATAL_CALLS = 24;
const CONTENDER = join(projectRoot(), 'test', 'core', 'lock-contender.mjs');

const below = (limit: number): number => Math.floor(Math.random() * limit);

/** Files that an earlier process may have left at the lock's path; null leaves none. */
const leftovers = async (): Promise<readonly (string | null)[]> => [
  null,
  '',
  '{"pid":',
  `${JSON.stringify({ pid: 2 ** 22 + 1, started: 'another-boot 1' })}\n`,
  `${JSON.stringify({ ...(await identifyProcess(process.ppid)), started: 'another-boot 1' })}\n`,
  `${JSON.stringify(await identifyProcess(process.ppid))}\n`,
];

/** Stops a process for a moment at a random time, as a busy machine does. */
const disturb = async (pid: number | undefined): Promise<void> => {
  if (pid === undefined || below(4) > 0) return;
  await delay(below(80));
  try {
    process.kill(pid, 'SIGSTOP');
    await delay(below(20));
    process.kill(pid, 'SIGCONT');
  } catch {
    // It has ended.
  }
};

/** Lets processes contend for one lock, and returns the largest number of them that held it at the same time. */
const contend = async (lock: string, log: string): Promise<{ readonly most: number; readonly locked: number }> => {
  await writeFile(log, '');
  const contenders = Array.from({ length: PROCESSES }, () => {
    const fatalCall = below(2) === 0 ? 0 : 1 + below(FATAL_CALLS);
    const args = [1 + below(4), fatalCall, below(2) === 0 ? 'die' : 'unlock'].map(String);
    return spawn(process.execPath, [CONTENDER, lock, log, ...args], { stdio: 'inherit' });
  });
  await Promise.all(contenders.flatMap((contender) => [once(contender, 'exit'), disturb(contender.pid)]));
  const events = (await readFile(log, 'utf8')).split('\n').filter((line) => line !== '');
  const holders = new Set<string>();
  let most = 0;
  for (const [event, pid = ''] of events.map((line) => line.split(' '))) {
    if (event === 'held') holders.add(pid);
    else holders.delete(pid);
    most = Math.max(most, holders.size);
  }
  return { most, locked: events.filter((line) => line.startsWith('held')).length };
};

it(`a lock never has two holders, and is free after all of them have ended, in ${TRIALS} trials of ${PROCESSES} processes`, async () => {
  const directory = await mkdtemp(join(tmpdir(), 'swp-lock-trials-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const texts = await leftovers();
  let locked = 0;
  for (let trial = 0; trial < TRIALS; trial += 1) {
    const lock = join(directory, `lock-${trial}`);
    const text = texts[trial % texts.length] ?? null;
    if (text !== null) await writeFile(lock, text);
    const outcome = await contend(lock, join(directory, `log-${trial}`));
    locked += outcome.locked;
    expect(outcome.most, `holders in trial ${trial}`).toBeLessThanOrEqual(1);
    const after = await lockFile(lock);
    expect(after, `the lock after trial ${trial}`).toHaveProperty('unlock');
    if ('unlock' in after) after.unlock();
  }
  // Without many locks the trials show nothing.
  expect(locked).toBeGreaterThan(TRIALS);
  if (TRIALS > 100) process.stderr.write(`${TRIALS} trials, ${locked} locks taken, never two holders\n`);
}, 3_600_000);
