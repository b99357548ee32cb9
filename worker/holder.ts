import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { readTextIfThere } from '../core/files.js';

/** A process that holds something, told from a later one with the same id; null where the system does not say more. */
const Holder = z.object({ pid: z.int().positive(), boot: z.string().nullable(), begun: z.string().nullable() });
export type Holder = z.infer<typeof Holder>;

const orNull = (path: string): Promise<string | null> => readFile(path, 'utf8').catch(() => null);

/** When a process began, in ticks since the boot: proc(5), field 22 of `stat`. The second field, a name in brackets, may hold anything. */
const begunAt = async (pid: number): Promise<string | null> => {
  const stat = await orNull(`/proc/${pid}/stat`);
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null;
};

const bootOf = async (): Promise<string | null> => (await orNull('/proc/sys/kernel/random/boot_id'))?.trim() ?? null;

export const holderOf = async (pid: number): Promise<Holder> => ({ pid, boot: await bootOf(), begun: await begunAt(pid) });

/** Reads a holder from a file; those of earlier versions have its id alone. Null where there is none. */
export const readHolder = async (path: string): Promise<Holder | null> => {
  const text = await readTextIfThere(path);
  try {
    const value: unknown = JSON.parse(text);
    return Holder.parse(typeof value === 'number' ? { pid: value, boot: null, begun: null } : value);
  } catch {
    return null;
  }
};

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
};

/**
 * Whether that very process still runs. After a boot, or once ids have gone round, another one may have its id: a
 * service that started at boot often has the same id again.
 */
export const stillRuns = async ({ pid, boot, begun }: Holder): Promise<boolean> => {
  if (!isAlive(pid)) return false;
  const now = await holderOf(pid);
  const differs = (noted: string | null, found: string | null): boolean => noted !== null && found !== null && noted !== found;
  return !differs(boot, now.boot) && !differs(begun, now.begun);
};
