import type { Client } from '@temporalio/client';
import { SwpError } from '../../core/error.js';
import { queuesOf } from '../../contract/names.js';
import type { Context } from '../context.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { withEntry } from '../publish/with-entry.js';
import { hasOtherHost, readOnHosts, type OnHost } from '../publish/on-hosts.js';
import { answerAll, notPaused, readParties, type Answered, type Parties } from '../publish/resolution.js';

const placeOf = ({ running, host, stage }: OnHost): string => `${running.id} (${stage}) on host ${host}`;
const placesOf = (onHosts: readonly OnHost[]): string => onHosts.map(placeOf).join(', ');

const notThere = (entry: string, from: string, onHosts: readonly OnHost[]): SwpError =>
  new SwpError(
    'conflict',
    'publish/not-on-host',
    `Nothing of ${entry} is on host ${from}${onHosts.length === 0 ? '' : `; there is ${placesOf(onHosts)}`}.`,
    { hint: `swp status ${entry}` },
  );

/** A step is not taken from a host that works because somebody guessed wrong. */
const hostsWork = (entry: string, onHosts: readonly OnHost[]): SwpError =>
  new SwpError(
    'conflict',
    'publish/host-works',
    `Nothing of ${entry} is paused, and as far as the server knows its host is there: ${placesOf(onHosts)}.`,
    {
      hint:
        `A host that has just died is noticed after some seconds, one that was idle after a minute or two: then say it again. ` +
        `To stop what it does and move it all the same: \`swp move ${entry} --from ${onHosts[0]?.host}\`.`,
    },
  );

const noOtherHost = (entry: string, queue: string): SwpError =>
  new SwpError(
    'unavailable',
    'publish/no-other-host',
    `No other high-memory worker polls queue ${queue}: nobody could take ${entry} over.`,
    {
      hint: `Start \`swp worker highmem\` on another machine, with a scratch of its own, then \`swp move ${entry}\` again. Nothing is lost meanwhile.`,
    },
  );

/** What is paused, and what waits for a host that is away. A publish that is paused itself is on no host: it says so. */
const choose = async (client: Client, entry: string, parties: Parties, onHosts: readonly OnHost[]): Promise<readonly Answered[]> => {
  const { publish, targets, paused } = parties;
  const away = onHosts.filter(({ isAway }) => isAway);
  const chosen = [...paused.filter((running) => targets.includes(running)).map((running) => ({ running })), ...away];
  if (chosen.length > 0) {
    const hosts = away.map(({ host }) => host);
    if (!(await hasOtherHost(client, publish.taskQueue, hosts))) throw noOtherHost(entry, queuesOf(publish.taskQueue).claims);
    return chosen;
  }
  if (paused.length > 0) return paused.map((running) => ({ running }));
  throw onHosts.length > 0 ? hostsWork(entry, onHosts) : notPaused(entry, parties);
};

/** Sends what is paused of a publish, and what waits for a host that is gone, to another host. */
export const move = async (
  options: { readonly entry: string; readonly from?: string; readonly note?: string },
  context: Context,
): Promise<ExitCode> => {
  const { from, note } = options;
  return withEntry(context, options.entry, async ({ client }, entry) => {
    const parties = await readParties(client, entry);
    const onHosts = await readOnHosts(client, parties.targets);
    const named = onHosts.filter(({ host }) => host === from);
    if (from !== undefined && named.length === 0) throw notThere(entry, from, onHosts);
    const chosen = from === undefined ? await choose(client, entry, parties, onHosts) : named;
    await answerAll(client, entry, chosen, { action: 'move', ...(note === undefined ? {} : { note }) }, context);
    const stay = onHosts.filter(({ running }) => !chosen.some((other) => other.running === running));
    for (const place of stay) context.out.note(`It stays where it is: ${placeOf(place)}.`);
    context.out.note(`The next high-memory host with room takes it: swp status ${entry}`);
    return EXIT.ok;
  });
};
