import { afterAll, describe, expect, it } from 'vitest';
import { THIS_MACHINE } from '../../core/this-machine.js';
import type { Place } from './exchanges.js';
import { expectEnd, KINDS, type Kind } from './kinds.js';
import { runCase, type Ran } from './run-case.js';
import { shareOf } from '../support/tiers.js';
import { Strike } from './strike.js';
import { openWorld, type Scenario } from './scenario.js';

const TIMEOUT_MS = 120_000;

interface Case {
  readonly kind: Kind;
  readonly place: Place;
}

/** Distributes the faults over the exchanges. */
const STRIDE = 7;

/** Returns each fault with one of the exchanges that it strikes. */
const casesOf = (places: readonly Place[]): Case[] =>
  shareOf(
    KINDS.flatMap((kind, at) => {
      const struck = places.filter((place) => kind.strikes(place));
      const place = struck[(at * STRIDE) % struck.length];
      return place === undefined ? [] : [{ kind, place }];
    }),
  );

/**
 * Runs the publish of a scenario once without faults, and then with each fault at one of its exchanges. The simulation in
 * `test/sim/` strikes at every exchange; here the faults pass through the workers and the workflows.
 */
export const sweepFaults = async (scenario: Scenario): Promise<void> => {
  const { testEnvironment, close } = await openWorld('sweep', scenario);
  const clean = await runCase(testEnvironment, scenario);
  const cases = casesOf(clean.places);
  const rows = new Map<string, { cases: number; helped: number; approvals: number; resent: number }>();

  describe(`a publish of ${scenario.name}`, () => {
    it.each(cases.map((one) => [`${one.kind.name} at ${one.place.name}`, one] as const))(
      `${scenario.name}: %s`,
      async (_, one) => {
        const strike = new Strike({ files: THIS_MACHINE.files, layout: testEnvironment.layout() }, one.kind, one.place.name);
        const ran = await runCase(testEnvironment, scenario, strike);
        expect(strike.struck).toBe(true);
        const row = rows.get(one.kind.name) ?? { cases: 0, helped: 0, approvals: 0, resent: 0 };
        rows.set(one.kind.name, {
          cases: row.cases + 1,
          helped: row.helped + ran.helped,
          approvals: row.approvals + ran.approvals,
          resent: row.resent + ran.sentBytes - clean.sentBytes,
        });
        expect(ran.payload).toEqual(clean.payload);
        expectEnd(one.kind, ran);
      },
      TIMEOUT_MS,
    );
    afterAll(async () => {
      process.stderr.write(`${table(scenario, clean, rows)}\n`);
      await close();
    });
  });
};

const table = (scenario: Scenario, clean: Ran, rows: ReadonlyMap<string, Record<string, number>>): string =>
  [
    `${scenario.name}: ${clean.places.length} exchanges, ${clean.sentBytes} bytes of objects sent`,
    'fault             cases  helped  approvals  bytes sent again',
    ...[...rows].map(
      ([name, { cases = 0, helped = 0, approvals = 0, resent = 0 }]) =>
        `${name.padEnd(16)} ${String(cases).padStart(6)} ${String(helped).padStart(7)} ${String(approvals).padStart(10)} ${String(resent).padStart(17)}`,
    ),
  ].join('\n');
