import { nearestName } from '../../core/nearest.js';
import { SwpError } from '../../core/error.js';
import { NAMED_FAULTS } from './named-faults.js';
import { FaultRule } from './script-faults.js';

export interface AskedFault {
  /** As it was asked for. */
  readonly text: string;
  readonly rule: FaultRule;
}

const UNITS: Readonly<Record<string, number>> = { '': 1, kb: 1e3, mb: 1e6, gb: 1e9, kib: 2 ** 10, mib: 2 ** 20, gib: 2 ** 30 };

/** `1500`, `64KiB`, `1.5 MB` in bytes. */
const parseBytes = (text: string): number | undefined => {
  const [, digits, unit = ''] = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(text) ?? [];
  const factor = UNITS[unit.toLowerCase()];
  const bytes = Math.round(Number(digits) * (factor ?? NaN));
  return Number.isSafeInteger(bytes) ? bytes : undefined;
};

const usage = (message: string, hint: string): SwpError => new SwpError('usage', 'dev/fault', message, { hint });

const LIST = '`swp dev --fault help` lists them.';

/** `3` is the third exchange, `3+` that and all after it, `c2` every one of the second connection. */
const parsePlace = (place: string): Pick<FaultRule, 'nth' | 'times' | 'connection'> | undefined => {
  const [, connection] = /^c([1-9]\d{0,8})$/.exec(place) ?? [];
  if (connection !== undefined) return { connection: Number(connection), times: 'forever' };
  const [, nth, onwards] = /^([1-9]\d{0,8})(\+?)$/.exec(place) ?? [];
  return nth === undefined ? undefined : { nth: Number(nth), times: onwards === '+' ? 'forever' : 1 };
};

/**
 * A fault as people write it: `part-503` strikes the first such exchange, `part-503@3` the third, `part-503@3+` the third
 * and all after it, `part-503@c2` all that come over the second connection, `part-reset@3:1MiB` the third after 1 MiB.
 *
 * @throws SwpError `dev/fault`, with the nearest name or what the name can be followed by
 */
export const parseFault = (text: string): AskedFault => {
  const [, name = '', place, size] = /^([^@:]*)(?:@([^:]*))?(?::(.*))?$/.exec(text) ?? [];
  const named = NAMED_FAULTS.get(name);
  if (named === undefined) {
    const near = nearestName(name, NAMED_FAULTS.keys());
    throw usage(`There is no fault "${name}".`, near === undefined ? LIST : `Did you mean ${near}? ${LIST}`);
  }
  const which = parsePlace(place ?? '1');
  if (which === undefined)
    throw usage(
      `"@${place}" in "${text}" names no exchange.`,
      `${name}@3 strikes the third, ${name}@3+ all from there on, ${name}@c2 those of the second connection.`,
    );
  if (size !== undefined && named.bytes === undefined)
    throw usage(`${name} takes no bytes, but "${text}" has some.`, `Write ${name}@${place ?? '1'}.`);
  const bytes = size === undefined ? (named.bytes ?? 0) : parseBytes(size);
  const noBytes = (): SwpError =>
    usage(`":${size}" in "${text}" is no number of bytes for it.`, `For example: ${name}@${place ?? '1'}:1MiB`);
  if (bytes === undefined) throw noBytes();
  const rule = { operation: named.operation, ...which, fault: named.fault(bytes) };
  // A rate of no bytes a second, for one.
  if (!FaultRule.safeParse(rule).success) throw noBytes();
  return { text, rule };
};
