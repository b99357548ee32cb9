import { messageOf } from '../../core/error.js';
import { TIER } from '../support/tiers.js';

/** The only seed to run; without it, fresh seeds are tried. */
const SEED = process.env['SWP_STORM_SEED'];
/** Seconds of fresh seeds for each thing that is tried, instead of the usual ones. */
const SECONDS = process.env['SWP_STORM_SECONDS'];

/** Returns the seconds of fresh seeds for one thing in this tier. */
export const stormSeconds = (usual: Readonly<Record<typeof TIER.name, number>>): number => Number(SECONDS ?? usual[TIER.name]);

const SHRINK_MS = 30_000;

/** Leaves out elements of the lists of a schedule as long as it still fails, or until it has tried for {@link SHRINK_MS}. */
const shrink = async <S extends object, K extends keyof S>(
  schedule: S & Readonly<Record<K, readonly unknown[]>>,
  lists: readonly K[],
  fails: (schedule: S) => Promise<boolean>,
  deadline = Date.now() + SHRINK_MS,
): Promise<S> => {
  for (const list of lists) {
    for (const at of schedule[list].keys()) {
      if (Date.now() > deadline) return schedule;
      const smaller = { ...schedule, [list]: schedule[list].toSpliced(at, 1) };
      if (await fails(smaller)) return shrink(smaller, lists, fails, deadline);
    }
  }
  return schedule;
};

/** Something that is tried under schedules that seeds give. */
export interface Trial<S, R, K extends keyof S> {
  readonly name: string;
  readonly scheduleOf: (seed: number) => S;
  /** Throws if a promise is broken. */
  readonly run: (schedule: S) => Promise<R>;
  /** The lists of a schedule that can be shrunk. */
  readonly lists: readonly K[];
}

/**
 * Tries fresh seeds for some seconds, at least until `isEnough`.
 *
 * @throws for a seed that fails, with the command that runs it again and its smallest schedule that still fails
 */
export const trySeeds = async <S extends Readonly<Record<K, readonly unknown[]>>, R, K extends keyof S>(
  { name, scheduleOf, run, lists }: Trial<S, R, K>,
  seconds: number,
  onRun: (result: R) => void,
  isEnough: () => boolean = () => true,
): Promise<void> => {
  const fails = (schedule: S): Promise<boolean> =>
    run(schedule).then(
      () => false,
      () => true,
    );
  const check = async (seed: number): Promise<void> => {
    const schedule = scheduleOf(seed);
    try {
      onRun(await run(schedule));
    } catch (cause) {
      const failure = `${name} fails with seed ${seed}: ${messageOf(cause)}\nRun it again: npm run storm -- --seed ${seed}`;
      process.stderr.write(`${failure}\n`);
      const smallest = JSON.stringify(await shrink(schedule, lists, fails));
      throw new Error(`${failure}\nIts smallest schedule that fails: ${smallest}`, { cause });
    }
  };
  if (SEED !== undefined) return check(Number(SEED));
  const first = Date.now();
  let seeds = 0;
  do {
    await check(first + seeds);
    seeds += 1;
  } while (Date.now() - first < seconds * 1000 || !isEnough());
  const perMinute = Math.round((seeds * 60_000) / (Date.now() - first));
  process.stderr.write(`${name}: ${seeds} seeds from ${first}, ${perMinute} a minute\n`);
};
