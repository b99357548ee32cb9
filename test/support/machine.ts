import type { StatsFs } from 'node:fs';
import type { Clock, Machine } from '../../core/machine.js';
import { THIS_MACHINE } from '../../core/this-machine.js';

/** This machine with some functions of its clock replaced. */
export const machineWithClock = (clock: Partial<Clock>): Machine => ({ ...THIS_MACHINE, clock: { ...THIS_MACHINE.clock, ...clock } });

/** This machine with a disk that has so many bytes free, and such counts of inodes. */
export const machineWithDisk = (free: () => number, inodes: Partial<Pick<StatsFs, 'files' | 'ffree'>> = {}): Machine => {
  const { files } = THIS_MACHINE;
  const statfs = async (path: string) => Object.assign(await files.statfs(path), { bsize: 1, bavail: free(), ...inodes });
  return { ...THIS_MACHINE, files: { ...files, statfs: statfs as unknown as Machine['files']['statfs'] } };
};
