import type { StatsFs } from 'node:fs';
import type { Clock, Machine } from '../../core/machine.js';
import { THIS_MACHINE } from '../../core/this-machine.js';

/** This machine with some functions of its clock replaced. */
export const machineWithClock = (clock: Partial<Clock>, machine = THIS_MACHINE): Machine => ({
  ...machine,
  clock: { ...machine.clock, ...clock },
});

/** This machine with a disk that has so many bytes free, and such counts of inodes. */
export const machineWithDisk = (
  free: () => number,
  inodes: Partial<Pick<StatsFs, 'files' | 'ffree'>> = {},
  machine = THIS_MACHINE,
): Machine => {
  const statfs = () => Promise.resolve({ bsize: 1, bavail: free(), ...inodes });
  return { ...machine, files: { ...machine.files, statfs: statfs as unknown as Machine['files']['statfs'] } };
};
