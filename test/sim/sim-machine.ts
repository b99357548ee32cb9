import type { Machine, Random } from '../../core/machine.js';
import { Incarnation } from './incarnation.js';
import { MemoryDisk } from './memory-files.js';
import { simPrograms } from './sim-programs.js';
import type { VirtualClock } from './virtual-clock.js';

/** A machine in memory. Equal seeds give equal runs. */
export interface SimMachine extends Machine {
  readonly disk: MemoryDisk;
}

/** Numbers of the generator mulberry32, which has one word of state. */
export const numbersFrom = (seed: number): (() => number) => {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
};

const randomFrom = (seed: number): Random => {
  const next = numbersFrom(seed);
  return {
    fraction: () => next() / 2 ** 32,
    hex: (bytes) => Array.from({ length: bytes }, () => (next() & 0xff).toString(16).padStart(2, '0')).join(''),
  };
};

/** @param worker the process whose files, clock and programs these are */
export const simMachine = (seed: number, clock: VirtualClock, disk = new MemoryDisk(clock), worker = new Incarnation()): SimMachine => {
  const files = disk.files(worker.enter);
  const own = worker.clock(clock);
  return {
    clock: own,
    disk,
    random: randomFrom(seed),
    files,
    programs: simPrograms(files, own, worker),
    threads: 0,
    userId: 0,
    memoryBytes: 64e9,
    cpu: 'simulated',
  };
};
