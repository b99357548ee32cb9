import { assert, nat, property, tuple } from 'fast-check';
import { expect, test } from 'vitest';
import { isAtLeast, parseVersion } from '../../../dev/temporal/version.js';

test('the version is read from what the CLI prints', () => {
  expect(parseVersion('temporal version 1.9.1 (Server 1.32.0, UI 2.54.1)\n')).toBe('1.9.1');
});

test.each(['temporal version 0.0.0-DEV (Server 1.31.0)', 'temporal version 1.9.1.2', 'tctl version 1.18.0', ''])(
  '"%s" is not a release of the CLI',
  (text) => {
    expect(parseVersion(text)).toBeUndefined();
  },
);

const part = nat(40);

const rank = ([a, b, c]: [number, number, number]): number => (a * 100 + b) * 100 + c;

test('versions are ordered by their first differing number', () => {
  assert(
    property(tuple(part, part, part), tuple(part, part, part), (one, other) => {
      expect(isAtLeast(one.join('.'), other.join('.'))).toBe(rank(one) >= rank(other));
    }),
  );
});
