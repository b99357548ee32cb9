import type { Machine } from '../../core/machine.js';
import { Claims } from './claims.js';
import type { ScratchLayout } from './scratch-layout.js';
import { SharedInputs } from './shared-inputs.js';
import { Trash } from './trash.js';

/** The objects that manage one scratch. Only the process that has locked the scratch may hold them. */
export interface ScratchParts {
  readonly machine: Machine;
  readonly layout: ScratchLayout;
  readonly trash: Trash;
  readonly shared: SharedInputs;
  readonly claims: Claims;
}

export const scratchParts = (machine: Machine, layout: ScratchLayout, slots: number): ScratchParts => {
  const trash = new Trash(machine, layout);
  const shared = new SharedInputs(machine, layout, trash);
  return { machine, layout, trash, shared, claims: new Claims({ machine, layout, trash, shared, slots }) };
};
