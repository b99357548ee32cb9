/** The kinds of artifact that an entry can have, in the order in which plans list them. */
export const ARTIFACT_KINDS = ['vindex', 'mtp', 'vision'] as const;
