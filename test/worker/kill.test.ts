import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { partsJournalled } from '../support/scratch-journals.js';
import { KillEnvironment } from './kill-environment.js';

/** The server notices a dead worker by its missing heartbeat after fifteen seconds. */
const TIMEOUT_MS = 120_000;
/** This part and all later parts are held. */
const HELD_PART = 4;

let kills: KillEnvironment;
beforeEach(async () => {
  kills = await KillEnvironment.open();
});
afterEach(() => kills.close());

describe('SIGKILL', () => {
  it(
    'while uploading: the build is not repeated, and parts that arrived are not sent again',
    async () => {
      const arrived = (): number[] =>
        kills.testEnvironment.hub.requests.flatMap(({ operation, part }) =>
          operation === 'part' && part !== undefined && part < HELD_PART ? [part] : [],
        );
      await kills.crashAt(
        ({ operation, part }) => operation === 'part' && part !== undefined && part >= HELD_PART,
        'hold',
        () => expect.poll(() => partsJournalled(kills.testEnvironment), { timeout: 20_000 }).toBe(HELD_PART - 1),
      );
      expect(await kills.attempts()).toMatchObject({ buildArtifact: 1, uploadArtifact: 2 });
      expect(arrived().toSorted((a, b) => a - b)).toEqual(Array.from({ length: HELD_PART - 1 }, (_, at) => at + 1));
    },
    TIMEOUT_MS,
  );
});
