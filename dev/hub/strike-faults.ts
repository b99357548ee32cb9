import type { Exchange } from './operations.js';
import type { FaultRequest } from './parse-fault.js';
import { scriptFaults } from './script-faults.js';
import type { LocalHub } from './start-local-hub.js';

/** Describes an exchange: `part 3 of 8f3a1c22d0e1 in skulk/tiny`. */
const describe = ({ operation, part, file, oid, repo }: Exchange): string =>
  [
    operation,
    ...(part === undefined ? [] : [String(part)]),
    ...(file === undefined ? (oid === undefined ? [] : [`of ${oid.slice(0, 12)}`]) : [`of ${file}`]),
    ...(repo === undefined ? [] : [`in ${repo}`]),
  ].join(' ');

/** Injects these faults into a hub, and notes every exchange that a fault strikes. At most one fault strikes an exchange. */
export const strikeFaults = (hub: LocalHub, faults: readonly FaultRequest[], note: (line: string) => void): void => {
  for (const { text, rule } of faults) {
    const script = scriptFaults([rule]);
    hub.on((exchange) => {
      const fault = script.intercept(exchange);
      if (fault !== undefined) note(`fault ${text} struck ${describe(exchange)}`);
      return fault;
    });
  }
};
