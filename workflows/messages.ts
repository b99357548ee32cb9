import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type {
  CampaignReply,
  DecisionReply,
  PublishStatus,
  Resolution,
  ResolutionReply,
  TargetProgress,
  TargetStatus,
} from '../contract/messages.js';
import type { CampaignDecision } from '../plan/campaign/campaign-decision.js';
import type { DecisionMessage, ReleaseMessage } from '../plan/decision.js';

/** A form in the Web UI sends any text that was typed, so the handlers take their message as unknown. */
export const reviewSignal = defineSignal<[DecisionMessage | ReleaseMessage]>('review');
export const decideUpdate = defineUpdate<DecisionReply, [DecisionMessage | ReleaseMessage]>('decide');

/** Like {@link decideUpdate}, for all publishes of a campaign or for the publishes of some entries. */
export const decideCampaignUpdate = defineUpdate<CampaignReply, [CampaignDecision]>('decide');
export const reviewCampaignSignal = defineSignal<[CampaignDecision]>('review');

export const resolveUpdate = defineUpdate<ResolutionReply, [Resolution]>('resolve');

export const targetProgressSignal = defineSignal<[TargetProgress]>('target-progress');

export const statusQuery = defineQuery<PublishStatus>('status');
export const targetStatusQuery = defineQuery<TargetStatus>('target-status');
