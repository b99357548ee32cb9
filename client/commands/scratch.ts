import { relative } from 'node:path';
import { THIS_MACHINE } from '../../core/this-machine.js';
import { explainFailure } from '../../publish/scratch/explain-failure.js';
import { discardUnneeded, listScratch, type ScratchItem } from '../../publish/scratch/inventory.js';
import { scratchIn } from '../../publish/scratch/scratch-layout.js';
import { openScratch } from '../../publish/scratch/open-scratch.js';
import { scratchParts, type ScratchParts } from '../../publish/scratch/scratch-parts.js';
import { formatBytes, plural } from '../../core/text.js';
import { lockScratch } from '../../publish/scratch/lock-scratch.js';
import { readSettings } from '../../settings/settings.js';
import type { Context } from '../context.js';
import { EXIT, type ExitCode } from '../exit-codes.js';

const partsOf = ({ env }: Context): ScratchParts => {
  const { scratch, slots } = readSettings(env);
  return scratchParts(THIS_MACHINE, scratchIn(scratch), slots);
};

const list = async (parts: ScratchParts): Promise<ScratchItem[]> => {
  try {
    return await listScratch(parts);
  } catch (error) {
    throw await explainFailure(parts.machine.files, error, parts.layout.root);
  }
};

const bytesOf = (items: readonly ScratchItem[]): number => items.reduce((sum, { bytes }) => sum + bytes, 0);

const isEmpty = ({ out }: Context, { layout: { root } }: ScratchParts, value: object): ExitCode => {
  if (out.json) out.data({ scratch: root, ...value }, () => '');
  out.note(`scratch is empty (${root})`);
  return EXIT.nothingToDo;
};

/** Lists the contents of this machine's scratch, and the publishes that need them. */
export const scratchList = async (context: Context): Promise<ExitCode> => {
  const parts = partsOf(context);
  const { root } = parts.layout;
  const items = await list(parts);
  if (items.length === 0) return isEmpty(context, parts, { items });
  context.out.table(
    { scratch: root, items },
    ['item', 'size', 'needed by', 'path'],
    items.map(({ kind, bytes, neededBy, path }) => [
      kind,
      formatBytes(bytes),
      neededBy.length === 0 ? 'none' : neededBy.join(', '),
      relative(root, path),
    ]),
  );
  context.out.note(`${plural(items.length, 'item')}, ${formatBytes(bytesOf(items))} in ${root}`);
  return EXIT.ok;
};

/** Deletes everything that no publish needs. Locks the scratch as a worker does, so that no publish can begin to need it meanwhile. */
export const scratchClean = async (context: Context): Promise<ExitCode> => {
  const parts = partsOf(context);
  if ((await list(parts)).length === 0) return isEmpty(context, parts, { removed: [], kept: 0 });
  const { scratch } = readSettings(context.env);
  const unlock = await lockScratch(THIS_MACHINE.files, await openScratch(THIS_MACHINE, scratch));
  try {
    const before = await list(parts);
    const removed = await discardUnneeded(before, parts);
    await parts.trash.empty(context.signal);
    const kept = before.length - removed.length;
    const keeps = kept === 0 ? '' : `; kept ${plural(kept, 'item')} that a publish needs`;
    context.out.data({ scratch: parts.layout.root, removed, kept }, () =>
      removed.length === 0
        ? `Nothing to delete${keeps}.`
        : `Deleted ${plural(removed.length, 'item')}, ${formatBytes(bytesOf(removed))}${keeps}.`,
    );
    return removed.length === 0 ? EXIT.nothingToDo : EXIT.ok;
  } finally {
    unlock();
  }
};
