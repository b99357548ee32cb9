import { Claims } from './claims.js';
import type { ScratchLayout } from './scratch-layout.js';
import { SharedInputs } from './shared-inputs.js';
import { Trash } from './trash.js';

/** The objects that manage one scratch. Only the process that has locked the scratch may hold them. */
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
