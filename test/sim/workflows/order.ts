import { sha256Of } from '../../../core/digests.js';
import { randomNumbers } from '../../../dev/checkpoint/random.js';
import type { ApprovalPolicy } from '../../../plan/approval.js';
import { STEP_FAULTS, type StepFault } from './faults.js';

/** Acts of people and of other writers on a running publish. */
export const ACTS = ['cancel-publish', 'cancel-target', 'move', 'stranger', 'rival', 'old-approval', 'abandon'] as const;
export type Act = (typeof ACTS)[number];

/** One order of events: what a publish is asked for, what goes wrong, and who does what when. */
export interface Order {
  /** Decides about everything else: delays, the order of tasks, and what people answer. */
  readonly seed: number;
  readonly policy: ApprovalPolicy;
  readonly artifacts: 1 | 2;
  readonly reviewArtifacts: boolean;
  readonly collects: boolean;
  /** Publishes the entry and its rival through a campaign. */
  readonly campaign: boolean;
  /** The fault of an attempt of a step, counted from 1. */
  readonly faults: readonly { readonly step: keyof typeof STEP_FAULTS; readonly attempt: number; readonly fault: StepFault }[];
  /** Acts during a step, counted from 1 over all steps. */
  readonly acts: readonly { readonly step: number; readonly act: Act }[];
}

/** A publish without a fault takes about as many. */
const STEPS = 16;
const MAX_FAULTS = 4;
const MAX_ACTS = 3;

/** Returns a function that chooses a number below a limit: for each purpose from its own stream of numbers. */
export const chooser = (seed: number, purpose: string): ((limit: number) => number) => {
  const next = randomNumbers(Number.parseInt(sha256Of(`${seed} ${purpose}`).slice(0, 8), 16));
  return (limit) => (limit <= 1 ? 0 : next() % limit);
};

const pick = <T>(values: readonly T[], below: (limit: number) => number): T => values[below(values.length)]!;

/** Derives an order from its seed. */
export const orderOf = (seed: number): Order => {
  const below = chooser(seed, 'order');
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- Object.keys() does not keep the type of the keys
  const steps = Object.keys(STEP_FAULTS) as (keyof typeof STEP_FAULTS)[];
  return {
    seed,
    policy: { required: below(3) === 0 ? 2 : 1, self: below(4) === 0 ? 'deny' : 'allow' },
    artifacts: below(3) === 0 ? 2 : 1,
    reviewArtifacts: below(4) === 0,
    collects: below(4) === 0,
    campaign: below(6) === 0,
    faults: Array.from({ length: below(MAX_FAULTS + 1) }, () => {
      // Half of the faults strike the commit, where most can go wrong.
      const step = below(2) === 0 ? 'commitArtifact' : pick(steps, below);
      return { step, attempt: 1 + below(below(2) === 0 ? 1 : 3), fault: pick<StepFault>(STEP_FAULTS[step], below) };
    }),
    acts: Array.from({ length: below(MAX_ACTS + 1) }, () => ({ step: 1 + below(STEPS), act: pick(ACTS, below) })),
  };
};
