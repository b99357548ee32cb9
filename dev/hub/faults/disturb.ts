import type { Random } from '../../../core/machine.js';
import type { HubAdmin } from '../admin.js';
import type { Exchange, Fault } from '../operations.js';

/** Changes a repository without its writer's knowledge, immediately before a request about it is handled. */
export const disturb = async (admin: HubAdmin, random: Random, fault: Fault, { repo }: Exchange): Promise<void> => {
  if (repo === undefined) return;
  if (fault.kind === 'lose-objects') await admin.dropObjects(repo, fault.oid);
  if (fault.kind !== 'foreign-commit') return;
  const content = Buffer.from(`${random.hex(16)}\n`);
  await admin.commitFiles(repo, new Map([[fault.path, content]]), { message: 'A commit of somebody else', user: 'stranger' });
};
