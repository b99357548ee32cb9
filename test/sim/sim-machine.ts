import type { Machine, Random } from '../../core/machine.js';
import { randomNumbers } from '../../dev/checkpoint/random.js';
import { Incarnation } from './incarnation.js';
import { MemoryDisk } from './memory-files.js';
import { simPrograms } from './sim-programs.js';
import type { VirtualClock } from './virtual-clock.js';

/** A machine in memory. Equal seeds give equal runs. */
export interface SimMachine extends Machine {
  readonly disk: MemoryDisk;
}

const randomFrom = (seed: number): Random => {
  const next = randomNumbers(seed);
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
