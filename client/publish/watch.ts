import { setMaxListeners } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { decideCommand } from '../../plan/render/words.js';
import type { Addresses } from '../addresses.js';
import type { Context } from '../context.js';
import { relativeTime } from '../output/time.js';
import { stageOf, stepText } from './stage-text.js';
import { pausedIn, readView, viewLines, type PublishView } from './status.js';
import { GRACE_MS, noWorker } from './workers.js';

const LOOK_MS = 1_000;
const LINE_MS = 30_000;

/** The view in one line: every stage, and how far each step is. */
const viewLine = (entry: string, { publish, targets, plan }: PublishView): string => {
  const open = targets.filter(({ status }) => status === 'RUNNING');
  const steps = [...publish.steps, ...open.flatMap((target) => target.steps)].map(stepText);
  const stages = [...new Set((open.length === 0 ? [publish] : open).map(stageOf))];
  const decide = publish.stage === 'awaiting-approval' && plan !== null ? [decideCommand('approve', entry, 'plan', plan.digest)] : [];
  const paused = [publish, ...open].some(({ stage }) => stage === 'needs-attention') ? [`swp status ${entry} says why`] : [];
  return [`${entry}: ${stages.join(', ')}`, ...steps, ...decide, ...paused].join('; ');
};

interface ViewTeller {
  readonly tell: (view: PublishView) => void;
  /** Takes away what is painted, where something else says how it ended. */
  readonly clear: () => void;
  /** Says why nothing more follows, below what was shown last. */
  readonly leave: (text: string) => void;
}

/** Tells how a publish stands: painted over on a terminal, else a line for each stage and every half minute. */
export const openViewLines = (
  entry: string,
  out: Context['out'],
  addresses: Pick<Addresses, 'workflow'>,
  now: () => number = Date.now,
): ViewTeller => {
  const live = out.live();
  // Ctrl-C is echoed where the cursor is: below what was shown last.
  if (live !== null)
    return {
      tell: (view) => live.show(viewLines(entry, view, { time: relativeTime, addresses })),
      clear: () => live.clear(),
      leave: (text) => out.note(`\n${text}`),
    };
  let told = { at: 0, stages: '' };
  return {
    tell: (view) => {
      const stages = [view.publish, ...view.targets].map(stageOf).join();
      if (stages === told.stages && now() - told.at < LINE_MS) return;
      told = { at: now(), stages };
      out.note(viewLine(entry, view));
    },
    clear: () => undefined,
    leave: (text) => out.note(text),
  };
};

/** One look. The SDK leaves a listener on the signal for each call, so the signal is one that goes with the look. */
const look = (client: Client, entry: string, signal: AbortSignal, before: PublishView | undefined): Promise<PublishView> => {
  const mine = AbortSignal.any([signal]);
  setMaxListeners(0, mine);
  return client.withAbortSignal(mine, () => readView(client, entry, before));
};

export interface WatchOptions {
  /** Ends where a publish is paused, too; without a terminal that is always so: nobody there would go and answer. */
  readonly untilAttention?: boolean | undefined;
  readonly addresses: Addresses;
}

/**
 * Follows a publish until it has ended or needs a person, and answers how it then stands. Whatever ends the watching leaves
 * the publish as it is.
 *
 * @throws SwpError `publish/no-worker` when nobody polls what it waits for
 */
export const watchPublish = async (
  client: Client,
  entry: string,
  { untilAttention, addresses }: WatchOptions,
  context: Pick<Context, 'out' | 'signal'>,
): Promise<PublishView> => {
  const { tell, clear, leave } = openViewLines(entry, context.out, addresses);
  const stopsPaused = untilAttention === true || context.out.live() === null;
  let view: PublishView | undefined;
  let polledAt = Date.now();
  let goesOnAt = Date.now();
  try {
    for (;;) {
      view = await look(client, entry, context.signal, view);
      if (pausedIn(view).length === 0) goesOnAt = Date.now();
      // A publish that was just resolved shows for a moment that it is paused, and has no problem any more.
      const isPaused = view.problems.length > 0 || Date.now() - goesOnAt >= GRACE_MS;
      if (view.publish.status !== 'RUNNING' || (stopsPaused && isPaused)) {
        clear();
        return view;
      }
      tell(view);
      if (view.missing === null) polledAt = Date.now();
      else if (Date.now() - polledAt >= GRACE_MS) throw noWorker(`The publish of ${entry} does not go on.`, view.missing, entry);
      await delay(LOOK_MS, undefined, { signal: context.signal });
    }
  } catch (error) {
    if (context.signal.aborted) leave(`No longer watching; the publish goes on: swp status ${entry}`);
    throw error;
  }
};
