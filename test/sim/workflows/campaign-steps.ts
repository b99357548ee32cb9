import type { EntrySnapshot } from '../../../catalog/snapshot.js';
import type {
  CampaignBatch,
  CampaignPublish,
  DecidedPublish,
  DecideRequest,
  FollowedPublish,
  FollowRequest,
  StartRequest,
} from '../../../contract/campaign-activities.js';
import { publishId } from '../../../contract/names.js';
import type { PublishInput } from '../../../contract/results.js';
import { digestOf } from '../../../core/digests.js';
import type { ArtifactPlan } from '../../../plan/artifact-plan.js';
import type { CampaignItem } from '../../../plan/campaign/campaign-decision.js';
import { rowOf } from '../../../plan/campaign/campaign-row.js';
import type { Steps } from './activity-run.js';
import type { Ground } from './ground.js';
import type { World } from './world.js';

export interface CampaignStepsOptions {
  readonly world: World;
  readonly ground: Ground;
  readonly inputs: ReadonlyMap<string, PublishInput>;
  readonly plan: (entry: EntrySnapshot) => ArtifactPlan[];
}

/** Time in which a publish makes its plan. */
const PLANNING_MS = 2_000;

/** The steps of a campaign, which starts, follows and decides the publishes of an order. */
export const campaignSteps = ({ world, ground, inputs, plan }: CampaignStepsOptions): Steps => {
  /** The plans of the campaign, after they were made. */
  let items: readonly CampaignItem[] = [];

  const rowsOf = ({ entries }: CampaignBatch) =>
    entries.map((name) => {
      const artifacts = plan(inputs.get(name)!.entry);
      return rowOf(name, digestOf(artifacts), artifacts, []);
    });

  const start = async ({ campaign, entries }: StartRequest): Promise<readonly CampaignPublish[]> => {
    const started: CampaignPublish[] = [];
    for (const entry of entries) {
      const run = await ground.start('publishEntry', publishId(entry), [{ ...inputs.get(entry)!, campaign }]);
      started.push({ entry, run, reason: run === null ? 'another publish of it runs' : null });
    }
    await ground.sleep(PLANNING_MS);
    return started;
  };

  const follow = async ({ publishes, forMs }: FollowRequest, signal: AbortSignal): Promise<readonly FollowedPublish[]> => {
    const ended = new Set<string>();
    const all = publishes.map(({ entry }) => ground.closed(publishId(entry)).then(() => ended.add(entry)));
    await Promise.race([Promise.all(all), ground.sleep(forMs, signal).catch(() => undefined)]);
    return publishes.map(({ entry }) => ({ entry, stage: 'published', ended: ended.has(entry) }));
  };

  const decide = async ({ publishes, verdict, reviewer }: DecideRequest): Promise<readonly DecidedPublish[]> => {
    const decided: DecidedPublish[] = [];
    for (const { entry, plan: reference } of publishes) {
      // Who decides about a campaign decides about each of its plans.
      const isOfCampaign = items.some((item) => item.entry === entry && item.plan === reference);
      if (isOfCampaign && world.hasSaid(digestOf(items), reviewer, verdict)) world.said({ reference, reviewer, verdict });
      const isAccepted = await ground.update(publishId(entry), 'decide', { plan: reference, verdict, reviewer });
      decided.push({ entry, outcome: isAccepted ? 'accepted' : 'refused', reason: null });
    }
    return decided;
  };

  return async (call, signal) => {
    const [arg] = call.args;
    // oxlint-disable typescript/no-unsafe-type-assertion -- the workflows are type-checked against the same contract
    switch (call.name) {
      case 'selectEntries':
        return { entries: [...inputs.keys()], larql: false, mistakes: 0 };
      case 'planCampaignBatch':
        return rowsOf(arg as CampaignBatch);
      case 'digestCampaign':
        items = arg as readonly CampaignItem[];
        return digestOf(items);
      case 'startPublishes':
        return start(arg as StartRequest);
      case 'followPublishes':
        return follow(arg as FollowRequest, signal);
      case 'decidePublishes':
        return decide(arg as DecideRequest);
      default:
        throw new Error(`no step ${call.name}`);
    }
    // oxlint-enable typescript/no-unsafe-type-assertion
  };
};
