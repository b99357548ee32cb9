import { nearestName } from '../../core/nearest.js';
import { SwpError } from '../../core/error.js';
import { NAMED_FAULTS } from './named-faults.js';
import { FaultRule } from './script-faults.js';

export interface FaultRequest {
  /** The text from which the fault was parsed. */
  readonly text: string;
  readonly rule: FaultRule;
}

const UNITS: Readonly<Record<string, number>> = { '': 1, kb: 1e3, mb: 1e6, gb: 1e9, kib: 2 ** 10, mib: 2 ** 20, gib: 2 ** 30 };

/** Parses `1500`, `64KiB` or `1.5 MB` into bytes. */
const parseBytes = (text: string): number | undefined => {
  const [, digits, unit = ''] = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(text) ?? [];
  const factor = UNITS[unit.toLowerCase()];
  const bytes = Math.round(Number(digits) * (factor ?? NaN));
  return Number.isSafeInteger(bytes) ? bytes : undefined;
};

const usage = (message: string, hint: string): SwpError => new SwpError('usage', 'dev/fault', message, { hint });

const LIST = '`swp dev --fault help` lists them.';

/** Parses a selector: `3` is the third exchange, `3+` the third and all later ones, `c2` every one of the second connection. */
const parseSelector = (selector: string): Pick<FaultRule, 'nth' | 'times' | 'connection'> | undefined => {
  const [, connection] = /^c([1-9]\d{0,8})$/.exec(selector) ?? [];
  if (connection !== undefined) return { connection: Number(connection), times: 'forever' };
  const [, nth, onwards] = /^([1-9]\d{0,8})(\+?)$/.exec(selector) ?? [];
  return nth === undefined ? undefined : { nth: Number(nth), times: onwards === '+' ? 'forever' : 1 };
};

/**
 * Parses a fault as people write it: `part-503` strikes the first such exchange, `part-503@3` the third, `part-503@3+` the
 * third and all later ones, `part-503@c2` all of the second connection, `part-reset@3:1MiB` the third after 1 MiB.
 *
 * @throws SwpError `dev/fault`, with the nearest name, or with the selectors or sizes that may follow the name
 */
export const parseFault = (text: string): FaultRequest => {
  const [, name = '', selector, size] = /^([^@:]*)(?:@([^:]*))?(?::(.*))?$/.exec(text) ?? [];
  const named = NAMED_FAULTS.get(name);
  if (named === undefined) {
    const near = nearestName(name, NAMED_FAULTS.keys());
    throw usage(`There is no fault "${name}".`, near === undefined ? LIST : `Did you mean ${near}? ${LIST}`);
  }
  const selected = parseSelector(selector ?? '1');
  if (selected === undefined)
    throw usage(
      `"@${selector}" in "${text}" names no exchange.`,
      `${name}@3 strikes the third, ${name}@3+ all from there on, ${name}@c2 those of the second connection.`,
    );
  if (size !== undefined && named.bytes === undefined)
    throw usage(`${name} takes no bytes, but "${text}" has some.`, `Write ${name}@${selector ?? '1'}.`);
  const bytes = size === undefined ? (named.bytes ?? 0) : parseBytes(size);
  const invalidBytes = (): SwpError =>
    usage(`":${size}" in "${text}" is no number of bytes for it.`, `For example: ${name}@${selector ?? '1'}:1MiB`);
  if (bytes === undefined) throw invalidBytes();
  const rule = { operation: named.operation, ...selected, fault: named.fault(bytes) };
  // For example, a rate of zero bytes per second.
  if (!FaultRule.safeParse(rule).success) throw invalidBytes();
  return { text, rule };
};
