import { expect } from 'vitest';
import type { Intercept } from '../../dev/hub/index.js';
import type { TestEnvironment } from '../support/test-environment.js';
import { drive, type Driven } from './drive.js';
import { Numbering, type Place } from './exchanges.js';
import { inspectTarget, type Payload } from './foreign-reader.js';
import { freshRepos, type Repos, type Scenario } from './scenario.js';

/** Longer than any publish of a scenario takes, with its faults. */
const DEADLINE_MS = 90_000;

export interface Ran extends Driven {
  readonly payload: Payload;
  /** Every exchange, and whether the plan had been approved before it. */
  readonly places: readonly (Place & { readonly approved: boolean })[];
  /** Bytes of parts and whole objects that the hub received. */
  readonly sentBytes: number;
}

/** Creates the interceptor for every exchange of one publish. */
export type Watch = (repos: Repos) => Intercept;

export interface CaseOptions {
  readonly watch?: Watch;
  /** Called when the operator lifts a permanent fault. */
  readonly lift?: () => void;
}

const WRITES = new Set(['create-repo', 'put', 'part', 'complete', 'commit']);

/** Runs one publish from its start to a verified commit, with the injected faults. */
export const runCase = async (
  testEnvironment: TestEnvironment,
  scenario: Scenario,
  { watch, lift = () => undefined }: CaseOptions = {},
): Promise<Ran> => {
  const repos = await freshRepos(testEnvironment, scenario);
  const numbering = new Numbering(repos);
  const places: Ran['places'][number][] = [];
  let approved = false;
  const intercept = watch?.(repos);
  const stop = testEnvironment.hub.on((exchange) => {
    places.push({ ...numbering.next(exchange), approved });
    return intercept?.(exchange);
  });
  const before = testEnvironment.hub.requests.length;
  try {
    const driven = await drive(testEnvironment, repos, { lift, onApprove: () => void (approved = true) }, AbortSignal.timeout(DEADLINE_MS));
    expect(driven.result.outcome).toBe('published');
    expect(places.filter((place) => WRITES.has(place.operation) && !place.approved)).toEqual([]);
    const sentBytes = testEnvironment.hub.requests
      .slice(before)
      .filter(({ operation }) => operation === 'part' || operation === 'put')
      .reduce((sum, { received }) => sum + received, 0);
    stop();
    return { ...driven, places, sentBytes, payload: await inspectTarget(testEnvironment, repos) };
  } finally {
    stop();
  }
};
