import { z } from 'zod';
import { SwpError } from '../../core/error.js';
import { makeDirectory, writeAtomic } from '../../core/files.js';
import type { Files, Machine } from '../../core/machine.js';
import { refuseAtStart } from './explain-failure.js';
import type { ScratchLayout } from './scratch-layout.js';

const HostFile = z.strictObject({ id: z.string().regex(/^[0-9a-f]{16}$/) });

const readId = async (files: Files, path: string): Promise<string | null> => {
  try {
    return HostFile.parse(JSON.parse(await files.readFile(path, 'utf8'))).id;
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return null;
    throw new SwpError('invalid', 'worker/host-file', `${path} does not hold a host id.`, {
      cause,
      hint: 'Move the scratch directory away and start the worker again.',
    });
  }
};

/**
 * Returns the id of this host. It is random, created once and stored in scratch. The host's own task queue has it in
 * its name.
 */
export const hostId = async (machine: Machine, layout: ScratchLayout): Promise<string> => {
  try {
    await makeDirectory(machine.files, layout.root);
    const known = await readId(machine.files, layout.hostFile);
    if (known !== null) return known;
    const id = machine.random.hex(8);
    await writeAtomic(machine, layout.hostFile, `${JSON.stringify({ id })}\n`);
    return id;
  } catch (error) {
    throw await refuseAtStart(machine.files, error, layout.root);
  }
};
