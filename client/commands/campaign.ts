import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { CampaignSelection } from '../../contract/campaign-activities.js';
import { SwpError } from '../../core/error.js';
import type { ArtifactKind, Digest } from '../../core/ids.js';
import { plural } from '../../core/text.js';
import { namesDigest, shortDigest } from '../../plan/decision.js';
import { parseCampaignDecision } from '../../plan/campaign/campaign-decision.js';
import { readSettings } from '../../settings/settings.js';
import { campaignId } from '../../contract/names.js';
import type { Client, TemporalClient } from '../../temporal/connect-client.js';
import { sendCampaignDecision, startCampaign } from '../../temporal/campaigns.js';
import { addressesOf } from '../addresses.js';
import { entryName } from '../catalog.js';
import { campaignHead, entryCells, orderedEntries } from '../campaign/campaign-text.js';
import { readCampaign, type ReadCampaign } from '../../temporal/read-campaign.js';
import { endOrPause } from '../campaign/watch-campaign.js';
import type { Context } from '../context.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { stripControls } from '../output/strip-controls.js';
import { ask, mayPrompt } from '../prompt.js';
import { withTemporal } from '../publish/connect.js';
import { explainEnd } from '../../temporal/explain-end.js';
import { findReviewer, starterName } from '../publish/reviewer.js';
import { typedDigest } from '../publish/typed-digest.js';
import { noWorker, unpolledControl } from '../../temporal/workers.js';

const POLL_MS = 500;
/** Histories of thousands of entries are too large to read more often. */
const MAX_POLL_MS = 5_000;
/** Interval of notes while a campaign is planned. */
const NOTE_MS = 10_000;

export interface CampaignOptions {
  readonly tier?: string;
  readonly all?: boolean;
  readonly changed?: boolean;
  readonly only?: ArtifactKind;
  readonly watch?: boolean;
  readonly as?: string;
}

const selectionOf = ({ tier, all, changed }: CampaignOptions): CampaignSelection => {
  const given = [tier !== undefined, all === true, changed === true].filter(Boolean).length;
  if (given !== 1)
    throw new SwpError('usage', 'client/campaign', 'Choose the entries with one of --tier <name>, --all and --changed.', {
      hint: 'List tiers with `swp catalog list`.',
    });
  if (tier !== undefined) return { tier };
  return { which: all === true ? 'all' : 'changed' };
};

/** Returns a new campaign id, which contains the time, so that ids sort by it. */
const freshId = (now: Date): string =>
  `${now.toISOString().slice(0, 16).replaceAll(/[-:]/g, '').replace('T', '-')}-${randomBytes(2).toString('hex')}`;

const show = (campaign: ReadCampaign, { ui, namespace }: Pick<TemporalClient, 'ui' | 'namespace'>, context: Context): void => {
  const { out, env } = context;
  out.note(campaignHead(campaign, out.paint));
  const page = addressesOf(env, { ui, namespace }).workflow(campaignId(campaign.id), campaign.run);
  if (page !== null) out.note(`See it: ${page}`);
  out.table(campaign, ['entry', 'plan', 'change', 'stage'], orderedEntries(campaign).map(entryCells));
};

/** Waits until a campaign has its plan and has started its publishes, or has ended. */
const untilStarted = async (client: Client, id: string, { out, signal }: Context): Promise<ReadCampaign> => {
  let notedAt = Date.now();
  for (let wait = POLL_MS; ; wait = Math.min(wait * 1.5, MAX_POLL_MS)) {
    const campaign = await readCampaign(client, id, false);
    if (!campaign.isOpen || (campaign.plan !== null && campaign.started)) return readCampaign(client, id);
    if (Date.now() - notedAt > NOTE_MS) {
      notedAt = Date.now();
      out.note(campaign.plan === null ? `Planned ${plural(campaign.entries.length, 'entry', 'entries')}.` : 'Starting publishes.');
    }
    await delay(wait, undefined, { signal });
  }
};

const exitOf = ({ entries, plan, isOpen }: ReadCampaign): ExitCode => {
  const waits = isOpen && entries.some(({ stage }) => stage !== null);
  if (plan !== null) return waits ? EXIT.awaitingApproval : EXIT.failed;
  return entries.some(({ state }) => state === 'blocked') ? EXIT.failed : EXIT.nothingToDo;
};

const watchToEnd = async (temporal: TemporalClient, id: string, context: Context): Promise<ExitCode> => {
  const { client } = temporal;
  try {
    const end = await endOrPause(client, id, context);
    if ('paused' in end) {
      show(end.paused, temporal, context);
      const count = end.paused.entries.filter(({ stage }) => stage === 'needs-attention').length;
      context.out.note(`${plural(count, 'publish', 'publishes')} of this campaign ${count === 1 ? 'is' : 'are'} paused: swp pending`);
      return EXIT.failed;
    }
    const { result } = end;
    show(await readCampaign(client, id), temporal, context);
    if (result.unpublished.length > 0 || result.totals.blocked > 0) return EXIT.failed;
    return result.plan === null ? EXIT.nothingToDo : EXIT.ok;
  } catch (error) {
    throw explainEnd(error, 'The campaign was cancelled. Its publishes continue.');
  }
};

/** Plans many entries together, starts a publish for each that changes, and shows one plan for all. */
export const campaign = async (options: CampaignOptions, context: Context): Promise<ExitCode> => {
  const select = selectionOf(options);
  const { taskQueue } = readSettings(context.env);
  return withTemporal(context, async (temporal) => {
    const { client } = temporal;
    const missing = await unpolledControl(client, taskQueue);
    if (missing !== null) throw noWorker('The campaign was not started.', missing);
    const id = freshId(new Date());
    const startedBy = starterName(await findReviewer(options.as, context));
    await startCampaign(client, id, { select, only: options.only === undefined ? [] : [options.only], startedBy }, taskQueue);
    context.out.note(`Started campaign ${id}. Planning its entries…`);
    const planned = await untilStarted(client, id, context);
    if (!planned.isOpen && planned.status !== 'COMPLETED') return watchToEnd(temporal, id, context);
    if (options.watch !== true || planned.plan === null) show(planned, temporal, context);
    if (planned.plan !== null && planned.isOpen)
      context.out.note(`\nApprove exactly these plans: swp campaign approve ${id} --plan ${planned.plan}`);
    return options.watch === true && planned.plan !== null ? watchToEnd(temporal, id, context) : exitOf(planned);
  });
};

/** Shows a campaign with every entry. */
export const campaignShow = async (id: string | undefined, context: Context): Promise<ExitCode> =>
  withTemporal(context, async (temporal) => {
    show(await readCampaign(temporal.client, id ?? null), temporal, context);
    return EXIT.ok;
  });

export interface CampaignDecideOptions {
  readonly id: string;
  readonly entries: readonly string[];
  readonly verdict: 'approve' | 'reject';
  readonly plan?: string;
  readonly as?: string;
  readonly note?: string;
}

/** Returns the digest to decide on, or null if the person declines. Shows the plan on a terminal; elsewhere its digest must be given. */
const confirmPlan = async (
  { id, verdict, plan }: CampaignDecideOptions,
  entries: readonly string[],
  read: ReadCampaign,
  temporal: TemporalClient,
  context: Context,
): Promise<Digest | null> => {
  if (read.plan === null)
    throw new SwpError(
      'not-found',
      'campaign/nothing-to-decide',
      `Campaign ${id} has nothing to decide: it is still being planned, or nothing changes.`,
      {
        hint: `swp campaign show ${id}`,
      },
    );
  if (plan !== undefined) {
    if (namesDigest(typedDigest('plan', plan), read.plan)) return read.plan;
    throw new SwpError('stale', 'campaign/other-plan', `Campaign ${id} has plan ${shortDigest(read.plan)}, not ${plan}.`, {
      hint: `Read it: swp campaign show ${id}`,
    });
  }
  if (!mayPrompt(context))
    throw new SwpError(
      'usage',
      'client/digest-needed',
      `Without a terminal, ${verdict} needs the digest of the campaign's plan that you read.`,
      {
        hint: `swp campaign show ${id}, then swp campaign ${verdict} ${id} --plan <digest>`,
      },
    );
  show(read, temporal, context);
  const those = entries.length === 0 ? 'all entries' : plural(entries.length, 'entry', 'entries');
  return (await ask(`${verdict === 'approve' ? 'Approve' : 'Reject'} plan ${shortDigest(read.plan)} for ${those}?`, context.signal))
    ? read.plan
    : null;
};

/** Sends one decision to all publishes of a campaign, or to those of some entries. */
export const campaignDecide = async (options: CampaignDecideOptions, context: Context): Promise<ExitCode> => {
  const { id, verdict, note } = options;
  const entries = await Promise.all(options.entries.map((name) => entryName(context, name)));
  return withTemporal(context, async (temporal) => {
    const { client } = temporal;
    const read = await readCampaign(client, id);
    const plan = await confirmPlan(options, entries, read, temporal, context);
    if (plan === null) {
      context.out.note('Nothing was decided.');
      return EXIT.awaitingApproval;
    }
    const message = parseCampaignDecision({
      plan,
      verdict,
      ...(await findReviewer(options.as, context)),
      ...(note === undefined ? {} : { note }),
      ...(entries.length === 0 ? {} : { entries }),
    });
    if ('fault' in message) throw new SwpError('usage', 'client/bad-decision', message.fault);
    const sentTo = await sendCampaignDecision(client, id, message, read.taskQueue);
    const verb = verdict === 'approve' ? 'approved' : 'rejected';
    context.out.data({ campaign: id, plan, verdict, reviewer: message.reviewer, publishes: sentTo }, () =>
      stripControls(`Plan ${shortDigest(plan)} ${verb} by ${message.reviewer}; sent to ${plural(sentTo, 'publish', 'publishes')}.`),
    );
    context.out.note(`A publish whose plan has changed in the meantime does not accept it. Check: swp campaign show ${id}`);
    return EXIT.ok;
  });
};
