import { stageOf } from '../../temporal/running.js';
import { setTimeout as delay } from 'node:timers/promises';
import { abortable, type Client } from '../../temporal/connect-client.js';
import { decideCommand } from '../../plan/render/words.js';
import type { Addresses } from '../addresses.js';
import type { Context } from '../context.js';
import { relativeTime } from '../output/time.js';
import { stepText } from './stage-text.js';
import { pausedIn, readView, viewLines, type PublishView } from './status.js';
import { GRACE_MS, noWorker } from '../../temporal/workers.js';

const POLL_MS = 1_000;
const LINE_MS = 30_000;

/** Formats the view in one line: every stage, and the progress of each step. */
const viewLine = (entry: string, { publish, targets, plan }: PublishView): string => {
  const open = targets.filter(({ isOpen }) => isOpen);
  const steps = [...publish.steps, ...open.flatMap((target) => target.steps)].map(stepText);
  const stages = [...new Set((open.length === 0 ? [publish] : open).map(stageOf))];
  const decideCommands =
    publish.stage === 'awaiting-approval' && plan !== null ? [decideCommand('approve', entry, 'plan', plan.digest)] : [];
  const paused = [publish, ...open].some(({ stage }) => stage === 'needs-attention') ? [`see why: swp status ${entry}`] : [];
  return [`${entry}: ${stages.join(', ')}`, ...steps, ...decideCommands, ...paused].join('; ');
};

interface ViewDisplay {
  readonly show: (view: PublishView) => void;
  /** Removes the painted lines, before other output shows how the publish ended. */
  readonly clear: () => void;
  /** Writes why the display ends, below the lines shown last. */
  readonly close: (text: string) => void;
}

/** Shows the state of a publish: repainted on a terminal, else a line for each new stage and every 30 seconds. */
export const openViewLines = (
  entry: string,
  out: Context['out'],
  addresses: Pick<Addresses, 'workflow'>,
  now: () => number = Date.now,
): ViewDisplay => {
  const live = out.live();
  // The terminal echoes Ctrl-C at the cursor, below the lines shown last: start on a new line.
  if (live !== null)
    return {
      show: (view) => live.show(viewLines(entry, view, { time: relativeTime, addresses })),
      clear: () => live.clear(),
      close: (text) => out.note(`\n${text}`),
    };
  let last = { at: 0, stages: '' };
  return {
    show: (view) => {
      const stages = [view.publish, ...view.targets].map(stageOf).join();
      if (stages === last.stages && now() - last.at < LINE_MS) return;
      last = { at: now(), stages };
      out.note(viewLine(entry, view));
    },
    clear: () => undefined,
    close: (text) => out.note(text),
  };
};

export interface WatchOptions {
  /** Also stops watching when the publish pauses. Without a terminal that is always so: no person is there to resolve it. */
  readonly untilAttention?: boolean | undefined;
  readonly addresses: Addresses;
}

/**
 * Follows a publish until it has ended or needs a person, and returns its last view. The end of the watching never changes the
 * publish.
 *
 * @throws SwpError `publish/no-worker` when no worker polls a queue that it needs
 */
export const watchPublish = async (
  client: Client,
  entry: string,
  { untilAttention, addresses }: WatchOptions,
  context: Pick<Context, 'out' | 'signal'>,
): Promise<PublishView> => {
  const { show, clear, close } = openViewLines(entry, context.out, addresses);
  const stopsPaused = untilAttention === true || context.out.live() === null;
  let view: PublishView | undefined;
  let polledAt = Date.now();
  let notPausedAt = Date.now();
  try {
    for (;;) {
      view = await abortable(client, context.signal, () => readView(client, entry, view));
      if (pausedIn(view).length === 0) notPausedAt = Date.now();
      // A publish that was just resolved still shows the paused stage for a moment, but has no problem any more.
      const isPaused = view.problems.length > 0 || Date.now() - notPausedAt >= GRACE_MS;
      if (!view.publish.isOpen || (stopsPaused && isPaused)) {
        clear();
        return view;
      }
      show(view);
      if (view.unpolled === null) polledAt = Date.now();
      else if (Date.now() - polledAt >= GRACE_MS) throw noWorker(`The publish of ${entry} cannot continue.`, view.unpolled, entry);
      await delay(POLL_MS, undefined, { signal: context.signal });
    }
  } catch (error) {
    if (context.signal.aborted) close(`Stopped watching. The publish continues: swp status ${entry}`);
    throw error;
  }
};
