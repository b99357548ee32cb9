/** The catalog entry, `source/key`. */
export const SwpEntry = { name: 'SwpEntry', type: 'KEYWORD' } as const;
/**
 * The stage. A publish with running targets shows the least advanced stage of them, or `needs-attention` while one is
 * paused.
 */
export const SwpStage = { name: 'SwpStage', type: 'KEYWORD' } as const;
/** The target repositories, lower case. */
export const SwpTargets = { name: 'SwpTargets', type: 'KEYWORD_LIST' } as const;
/** The digest of the current plan. */
export const SwpPlan = { name: 'SwpPlan', type: 'KEYWORD' } as const;
/** Number of findings of re-validation that need attention. */
export const SwpFindings = { name: 'SwpFindings', type: 'INT' } as const;

/** All search attributes. SQL visibility has few slots of each type, so add one only for a good reason. */
export const SEARCH_ATTRIBUTES = [SwpEntry, SwpStage, SwpTargets, SwpPlan, SwpFindings] as const;
