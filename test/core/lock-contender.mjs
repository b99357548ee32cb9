// A process that takes a lock five times, each time as soon as the lock is free:
// `lock-contender.mjs <lock> <log> <hold ms> <call to die before, or 0> <die|unlock>`.
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { setTimeout as delay } from 'node:timers/promises';

const [lock, log, holdMs, fatalCall, end] = process.argv.slice(2);
const { appendFileSync } = fs;
// Each event is one write, so that the log has the order of the events.
const logEvent = (event) => appendFileSync(log, `${event} ${process.pid}\n`);
const die = () => {
  logEvent('left');
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
    logEvent('held');
    await delay(Math.random() * Number(holdMs));
    if (end === 'die' && rounds === 0) die();
    // Logged before the unlock, because the next holder may follow immediately.
    logEvent('left');
    taken.unlock();
  }
  await delay(Math.random() * 2);
}
