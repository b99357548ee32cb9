import { z } from 'zod';
import { sameRepo } from '../../core/ids.js';
import { FaultSpec } from './faults/spec.js';
import { Gate } from './gate.js';
import { type Fault, type Intercept, OPERATIONS } from './operations.js';

export const FaultRule = z.strictObject({
  operation: z.enum(OPERATIONS),
  /** `repo`, `file`, `oid` and `part` restrict the rule to this repository, file, LFS object and part. */
  repo: z.string().optional(),
  file: z.string().optional(),
  oid: z.string().optional(),
  part: z.int().positive().optional(),
  /** Restricts the rule to this connection of the hub, or of the CDN for operation `cdn`. */
  connection: z.int().positive().optional(),
  /** First exchange that the fault strikes, counted from 1 among the matching ones since the rule was added. */
  nth: z.int().positive().default(1),
  /** Number of exchanges that the fault strikes from there on; `forever` means until the rules are cleared. */
  times: z.union([z.int().positive(), z.literal('forever')]).default(1),
  fault: FaultSpec,
});
export type FaultRule = z.input<typeof FaultRule>;

export interface FaultScript {
  readonly intercept: Intercept;
  /** Adds rules to the existing ones; the first rule that strikes decides. */
  add(rules: readonly FaultRule[]): void;
  /** Removes all rules and resumes every held exchange. */
  clear(): void;
  /** Opens this gate: the exchanges held there resume, and later ones pass. */
  release(gate: string): void;
}

/** Creates faults that are selected by operation and count instead of code, so that a test in another process can set them. */
export const scriptFaults = (rules: readonly FaultRule[] = []): FaultScript => {
  let active: { readonly rule: z.output<typeof FaultRule>; seen: number }[] = [];
  const gates = new Map<string, Gate>();
  const gate = (name: string): Gate => {
    const found = gates.get(name) ?? new Gate();
    gates.set(name, found);
    return found;
  };
  const toFault = (spec: FaultSpec): Fault =>
    spec.kind === 'hold' || spec.kind === 'hold-after' ? { kind: spec.kind, until: gate(spec.gate).opened } : spec;
  const script: FaultScript = {
    intercept: (exchange) => {
      let fault: Fault | undefined;
      for (const entry of active) {
        const { rule } = entry;
        const matches =
          rule.operation === exchange.operation &&
          (rule.repo === undefined || (exchange.repo !== undefined && sameRepo(rule.repo, exchange.repo))) &&
          (rule.file === undefined || rule.file === exchange.file) &&
          (rule.oid === undefined || rule.oid === exchange.oid) &&
          (rule.part === undefined || rule.part === exchange.part) &&
          (rule.connection === undefined || rule.connection === exchange.connection);
        if (!matches) continue;
        entry.seen += 1;
        const last = rule.times === 'forever' ? Infinity : rule.nth + rule.times - 1;
        if (fault === undefined && entry.seen >= rule.nth && entry.seen <= last) fault = toFault(rule.fault);
      }
      return fault;
    },
    add: (more) => {
      active.push(...more.map((rule) => ({ rule: FaultRule.parse(rule), seen: 0 })));
    },
    clear: () => {
      active = [];
      for (const { open } of gates.values()) open();
      gates.clear();
    },
    release: (name) => gate(name).open(),
  };
  script.add(rules);
  return script;
};
