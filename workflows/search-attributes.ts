import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';

/** The catalog entry, `source/key`. */
export const SwpEntry = defineSearchAttributeKey('SwpEntry', SearchAttributeType.KEYWORD);
/** Where it stands; a publish whose targets run shows the least advanced of them, or that one is paused. */
export const SwpStage = defineSearchAttributeKey('SwpStage', SearchAttributeType.KEYWORD);
/** The target repositories, lower case. */
export const SwpTargets = defineSearchAttributeKey('SwpTargets', SearchAttributeType.KEYWORD_LIST);
/** The digest of the plan in hand. */
export const SwpPlan = defineSearchAttributeKey('SwpPlan', SearchAttributeType.KEYWORD);
/** How many findings re-validation has. */
export const SwpFindings = defineSearchAttributeKey('SwpFindings', SearchAttributeType.INT);

/** All of them. Visibility in SQL has few slots of each type, so a new one must earn its place. */
export const SEARCH_ATTRIBUTES = [SwpEntry, SwpStage, SwpTargets, SwpPlan, SwpFindings] as const;
