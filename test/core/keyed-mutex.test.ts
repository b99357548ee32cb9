import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { KeyedMutex } from '../../core/keyed-mutex.js';

it('tasks of one key run in order, tasks of different keys run concurrently, and a failure stops no other task', async () => {
  const mutex = new KeyedMutex();
  const events: string[] = [];
  const task = (name: string, key: string) =>
    mutex.run(key, async () => {
      events.push(`begin ${name}`);
      await nextTurn();
      events.push(`end ${name}`);
      if (name === 'a1') throw new Error('failed');
    });
  const outcomes = await Promise.allSettled([task('a1', 'a'), task('a2', 'a'), task('b', 'b')]);
  expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'fulfilled']);
  expect(events.indexOf('begin a2')).toBeGreaterThan(events.indexOf('end a1'));
  expect(events.indexOf('begin b')).toBeLessThan(events.indexOf('end a1'));
});
