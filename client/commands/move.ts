import type { Client } from '../../temporal/connect-client.js';
import { SwpError } from '../../core/error.js';
import { queuesOf } from '../../contract/names.js';
import type { Context } from '../context.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { withEntry } from '../publish/with-entry.js';
import { hasOtherHost, readOnHosts, type OnHost } from '../publish/on-hosts.js';
import { sendResolutions, notPaused, readWorkflows, type Resolvable, type PublishWorkflows } from '../publish/resolution.js';

const placeOf = ({ running, host, stage }: OnHost): string => `${running.id} (${stage}) on host ${host}`;
const placesOf = (onHosts: readonly OnHost[]): string => onHosts.map(placeOf).join(', ');

const notThere = (entry: string, from: string, onHosts: readonly OnHost[]): SwpError =>
  new SwpError(
    'conflict',
    'publish/not-on-host',
    `Nothing of ${entry} is on host ${from}${onHosts.length === 0 ? '' : `, but ${placesOf(onHosts)}`}.`,
    { hint: `swp status ${entry}` },
  );

/** Returns the error for hosts that work: a wrong guess must not take a step from them. */
const hostsWork = (entry: string, onHosts: readonly OnHost[]): SwpError =>
  new SwpError(
    'conflict',
    'publish/host-works',
    `Nothing of ${entry} is paused, and as far as the server knows its host is up: ${placesOf(onHosts)}.`,
    {
      hint:
        `The server notices within seconds that a worker has stopped during a step, and within two minutes if it was idle: then run the command again. ` +
        `To stop the work on this host and move it now: \`swp move ${entry} --from ${onHosts[0]?.host}\`.`,
    },
  );

const noOtherHost = (entry: string, queue: string): SwpError =>
  new SwpError(
    'unavailable',
    'publish/no-other-host',
    `No other high-memory worker polls queue ${queue}, so no host could take over ${entry}.`,
    {
      hint: `Start \`swp worker highmem\` on another machine, with a scratch of its own, then \`swp move ${entry}\` again. Nothing is lost in the meantime.`,
    },
  );

/** Selects paused artifacts, and artifacts whose host is away. A publish that is paused itself is on no host: its workflow rejects the move. */
const choose = async (
  client: Client,
  entry: string,
  workflows: PublishWorkflows,
  onHosts: readonly OnHost[],
): Promise<readonly Resolvable[]> => {
  const { publish, targets, paused } = workflows;
  const away = onHosts.filter(({ isAway }) => isAway);
  const chosen = [...paused.filter((running) => targets.includes(running)).map((running) => ({ running })), ...away];
  if (chosen.length > 0) {
    const hosts = away.map(({ host }) => host);
    if (!(await hasOtherHost(client, publish.taskQueue, hosts))) throw noOtherHost(entry, queuesOf(publish.taskQueue).claims);
    return chosen;
  }
  if (paused.length > 0) return paused.map((running) => ({ running }));
  throw onHosts.length > 0 ? hostsWork(entry, onHosts) : notPaused(entry, workflows);
};

/** Moves the paused artifacts of a publish, and those that wait for a host that is gone, to another host. */
export const move = async (
  options: { readonly entry: string; readonly from?: string; readonly note?: string },
  context: Context,
): Promise<ExitCode> => {
  const { from, note } = options;
  return withEntry(context, options.entry, async ({ client }, entry) => {
    const workflows = await readWorkflows(client, entry);
    const onHosts = await readOnHosts(client, workflows.targets);
    const named = onHosts.filter(({ host }) => host === from);
    if (from !== undefined && named.length === 0) throw notThere(entry, from, onHosts);
    const chosen = from === undefined ? await choose(client, entry, workflows, onHosts) : named;
    await sendResolutions(client, entry, chosen, { action: 'move', ...(note === undefined ? {} : { note }) }, context);
    const stay = onHosts.filter(({ running }) => !chosen.some((other) => other.running === running));
    for (const place of stay) context.out.note(`Not moved: ${placeOf(place)}.`);
    context.out.note(`The next high-memory host with free capacity takes it: swp status ${entry}`);
    return EXIT.ok;
  });
};
