import { relative } from 'node:path';
import { Claims } from '../../activities/scratch/claims.js';
import { listScratch, removeUnneeded, type ScratchItem } from '../../activities/scratch/inventory.js';
import { ScratchLayout } from '../../activities/scratch/layout.js';
import { SharedInputs } from '../../activities/scratch/shared.js';
import { formatBytes, plural } from '../../core/text.js';
import { lockScratch } from '../../worker/scratch-lock.js';
import { readSettings } from '../../worker/settings.js';
import type { Context } from '../context.js';
import { EXIT, type ExitCode } from '../exit-codes.js';

const open = ({ env }: Context) => {
  const { scratch, slots } = readSettings(env);
  const layout = new ScratchLayout(scratch);
  const claims = new Claims(layout, slots);
  const shared = new SharedInputs(layout);
  return { layout, shared, list: async () => listScratch(layout, await claims.list(), await shared.list()) };
};

const bytesOf = (items: readonly ScratchItem[]): number => items.reduce((sum, { bytes }) => sum + bytes, 0);

/** What lies in this machine's scratch, and which publish needs it. */
export const scratchList = async (context: Context): Promise<ExitCode> => {
  const { layout, list } = open(context);
  const items = await list();
  context.out.table(
    { scratch: layout.root, items },
    ['what', 'size', 'needed by', 'path'],
    items.map(({ what, bytes, neededBy, path }) => [
      what,
      formatBytes(bytes),
      neededBy.length === 0 ? 'nobody' : neededBy.join(', '),
      relative(layout.root, path),
    ]),
  );
  context.out.note(`${layout.root}: ${plural(items.length, 'thing')}, ${formatBytes(bytesOf(items))}`);
  return items.length === 0 ? EXIT.nothingToDo : EXIT.ok;
};

/** Deletes what no publish needs. It takes the worker's place in the scratch meanwhile, so that nobody begins to need it. */
export const scratchClean = async (context: Context): Promise<ExitCode> => {
  const { layout, shared, list } = open(context);
  const unlock = await lockScratch(layout);
  try {
    const before = await list();
    const gone = new Set((await shared.removeUnused(Infinity)).map(({ digest }) => layout.shared(digest)));
    const removed = [
      ...before.filter(({ what, path }) => what === 'shared' && gone.has(path.replace(/\.partial$/, ''))),
      ...(await removeUnneeded(before)),
    ];
    const kept = before.length - removed.length;
    context.out.data(
      { scratch: layout.root, removed, kept },
      () => `Deleted ${plural(removed.length, 'thing')}, ${formatBytes(bytesOf(removed))}; kept ${kept} that a publish needs.`,
    );
    return removed.length === 0 ? EXIT.nothingToDo : EXIT.ok;
  } finally {
    unlock();
  }
};
