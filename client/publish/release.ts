import type { Client } from '@temporalio/client';
import { z } from 'zod';
import { Digest } from '../../core/ids.js';
import { formatBytes, sanitizeLine, plural } from '../../core/text.js';
import { firstPayload, readEvents, type HistoryEvent } from './events.js';
import type { Running } from './read.js';

/** The files that a high-memory host has sealed, and the directories where a person can look at them. */
export interface SealedView {
  readonly target: Running;
  readonly manifest: Digest;
  readonly files: number;
  readonly bytes: number;
  readonly sealedIn: readonly string[];
}

const Built = z.object({
  manifestDigest: Digest,
  files: z.number(),
  bytes: z.number(),
  sealedIn: z.array(z.string()).default([]),
});

/** Returns the newest sealed build among the events of a target; null before there is one. */
const newestSealedIn = (events: readonly HistoryEvent[]): z.infer<typeof Built> | null => {
  const built = events.map((event) => Built.safeParse(firstPayload(event.activityTaskCompletedEventAttributes?.result)));
  return built.findLast(({ success }) => success)?.data ?? null;
};

/** Returns those of the targets that wait for their release, from their histories; this needs no worker. */
export const waitingReleases = async (client: Client, targets: readonly Running[]): Promise<readonly SealedView[]> => {
  const waiting = targets.filter(({ status, stage }) => status === 'RUNNING' && stage === 'awaiting-release');
  const sealed = waiting.map(async (target): Promise<SealedView[]> => {
    const newest = newestSealedIn(await readEvents(client, target.id, target.runId));
    if (newest === null) return [];
    const { manifestDigest: manifest, ...rest } = newest;
    return [{ target, manifest, ...rest }];
  });
  return (await Promise.all(sealed)).flat();
};

/** Formats the sealed files that a person should look at before a release, without a final newline. */
export const sealedText = ({ target, manifest, files, bytes, sealedIn }: SealedView): string =>
  [
    `Sealed for ${target.id.replace(/^target\//, '')}: ${plural(files, 'file')}, ${formatBytes(bytes)}`,
    `  manifest  ${manifest}`,
    ...sealedIn.map((directory) => `  look at   ${sanitizeLine(directory, 1000)}`),
  ].join('\n');
