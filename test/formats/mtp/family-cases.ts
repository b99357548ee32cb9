import type { FamilyCase } from './family-case.js';
import { LAYER_FAMILIES } from './layer-families.js';
import { NAMESPACE_FAMILIES } from './namespace-families.js';

/** Keys, dtypes and scales as each family's public checkpoints have them. */
export const FAMILY_CASES: readonly FamilyCase[] = [...LAYER_FAMILIES, ...NAMESPACE_FAMILIES];
