import { Claims } from './claims.js';
import type { ScratchLayout } from './scratch-layout.js';
import { SharedInputs } from './shared-inputs.js';
import { Trash } from './trash.js';

/** What works on one scratch; only one process may hold them, the one that has locked it. */
export interface ScratchParts {
  readonly layout: ScratchLayout;
  readonly trash: Trash;
  readonly shared: SharedInputs;
  readonly claims: Claims;
}

export const scratchParts = (layout: ScratchLayout, slots: number): ScratchParts => {
  const trash = new Trash(layout);
  const shared = new SharedInputs(layout, trash);
  return { layout, trash, shared, claims: new Claims({ layout, trash, shared, slots }) };
};
