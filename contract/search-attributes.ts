/** The catalog entry, `source/key`. */
export const SwpEntry = { name: 'SwpEntry', type: 'KEYWORD' } as const;
/** Where it stands; a publish whose targets run shows the least advanced of them, or that one is paused. */
export const SwpStage = { name: 'SwpStage', type: 'KEYWORD' } as const;
/** The target repositories, lower case. */
export const SwpTargets = { name: 'SwpTargets', type: 'KEYWORD_LIST' } as const;
/** The digest of the plan in hand. */
export const SwpPlan = { name: 'SwpPlan', type: 'KEYWORD' } as const;
/** How many findings re-validation has. */
export const SwpFindings = { name: 'SwpFindings', type: 'INT' } as const;

/** All of them. Visibility in SQL has few slots of each type, so a new one must earn its place. */
export const SEARCH_ATTRIBUTES = [SwpEntry, SwpStage, SwpTargets, SwpPlan, SwpFindings] as const;
