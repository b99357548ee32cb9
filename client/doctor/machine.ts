import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { THIS_MACHINE } from '../../core/this-machine.js';
import { scratchIn } from '../../publish/scratch/scratch-layout.js';
import { checkScratch as checkScratchRoot, parentWarning } from '../../publish/scratch/open-scratch.js';
import { freeDiskAt, nearestDirectory } from '../../publish/scratch/capacity.js';
import { readCatalog } from '../../catalog/load.js';
import { formatBytes, plural } from '../../core/text.js';
import { readSettings } from '../../settings/settings.js';
import { catalogOptions } from '../catalog.js';
import type { DoctorCheck } from './finding.js';

const OLDEST_NODE = [20, 19] as const;

export const checkNode: DoctorCheck = () => {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const good = major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1]);
  const message = `Node ${process.versions.node}`;
  return Promise.resolve(
    good
      ? { check: 'node', verdict: 'ok', message }
      : { check: 'node', verdict: 'bad', message, fix: `Install Node ${OLDEST_NODE.join('.')} or newer.` },
  );
};

export const checkCatalog: DoctorCheck = async (context) => {
  const { catalog, problems } = await readCatalog(catalogOptions(context));
  if (catalog !== null) return { check: 'catalog', verdict: 'ok', message: plural(catalog.entries.size, 'entry', 'entries') };
  return { check: 'catalog', verdict: 'bad', message: plural(problems.length, 'mistake'), fix: 'swp catalog validate' };
};

export const checkSettings: DoctorCheck = ({ env }) => {
  const { targets, approvals } = readSettings(env);
  const message = [
    `a worker with these settings writes to ${targets === null ? 'any namespace that its token allows' : targets.join(', ')}`,
    `a plan needs ${approvals.required === 1 ? 'one approval' : `${approvals.required} approvals`}${approvals.self === 'deny' ? ', not by the person who started the publish' : ''}`,
  ].join('; ');
  return Promise.resolve(
    targets === null
      ? { check: 'settings', verdict: 'warn', message, fix: 'Set SWP_TARGETS on high-memory workers.' }
      : { check: 'settings', verdict: 'ok', message },
  );
};

export const checkScratch: DoctorCheck = async ({ env }) => {
  const { files } = THIS_MACHINE;
  const { scratch } = readSettings(env);
  const { root } = scratchIn(scratch);
  const there = await nearestDirectory(files, root);
  try {
    await access(there, constants.W_OK | constants.X_OK);
  } catch {
    return {
      check: 'scratch',
      verdict: 'bad',
      message: `the current user cannot write to ${there}`,
      fix: 'Set SWP_SCRATCH to a directory that the worker can write to.',
    };
  }
  const message = `${scratch}, ${formatBytes(await freeDiskAt(files, there))} free`;
  if (there !== root) return { check: 'scratch', verdict: 'ok', message };
  await checkScratchRoot(THIS_MACHINE, root);
  const warning = await parentWarning(THIS_MACHINE, scratch);
  return warning === null ? { check: 'scratch', verdict: 'ok', message } : { check: 'scratch', verdict: 'warn', message, fix: warning };
};
