// A process that takes a lock five times, as soon as it gets it: `lock-contender.mjs <lock> <log> <hold ms> <call to die before, or 0> <die|unlock>`.
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { setTimeout as delay } from 'node:timers/promises';

const [lock, log, holdMs, fatalCall, end] = process.argv.slice(2);
const { appendFileSync } = fs;
// Appended in one write each, so that the log has the order in which things happened.
const say = (what) => appendFileSync(log, `${what} ${process.pid}\n`);
const die = () => {
  say('left');
  process.kill(process.pid, 'SIGKILL');
};

let calls = 0;
for (const name of ['openSync', 'fstatSync', 'statSync', 'ftruncateSync', 'writeSync', 'closeSync']) {
  const original = fs[name];
  fs[name] = (...args) => {
    calls += 1;
    if (calls === Number(fatalCall)) die();
    return original(...args);
  };
}
syncBuiltinESMExports();
const { lockFile } = await import('../../dist/core/file-lock.js');

for (let rounds = 5; rounds > 0;) {
  const taken = await lockFile(lock);
  if ('unlock' in taken) {
    rounds -= 1;
    say('held');
    await delay(Math.random() * Number(holdMs));
    if (end === 'die' && rounds === 0) die();
    // Before it is unlocked: the next holder may follow immediately.
    say('left');
    taken.unlock();
  }
  await delay(Math.random() * 2);
}
