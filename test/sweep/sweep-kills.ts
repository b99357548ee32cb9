import { afterAll, describe, expect, it } from 'vitest';
import { WorkerProcess } from '../support/worker-process.js';
import type { TestEnvironment } from '../support/test-environment.js';
import { isSameOperation, Numbering, type Place } from './exchanges.js';
import { runCase, type Watch } from './run-case.js';
import { shareOf } from '../support/tiers.js';
import { openWorld, type Scenario } from './scenario.js';

/** The server notices a dead worker by its missing heartbeat after fifteen seconds. */
const TIMEOUT_MS = 180_000;

/** The worker processes of a test environment, which are killed and started again. */
class Processes {
  private running: WorkerProcess[] = [];

  constructor(private readonly testEnvironment: TestEnvironment) {}

  async start(): Promise<void> {
    const roles = ['control', 'highmem'] as const;
    this.running = await Promise.all(roles.map((role) => WorkerProcess.start(role, this.testEnvironment.workerEnv(role))));
  }

  async kill(): Promise<void> {
    await Promise.all(this.running.map((process) => process.kill()));
  }
}

/** Returns the last exchange of each operation on each repository. */
const lastOfEach = (places: readonly Place[]): Place[] =>
  places.filter((place, at) => !places.slice(at + 1).some((later) => isSameOperation(later, place)));

/**
 * Runs the publish of a scenario once without faults, and then with both workers killed at one exchange of each operation. The
 * simulation in `test/sim/` crashes before every few operations; here processes are killed.
 */
export const sweepKills = async (scenario: Scenario): Promise<void> => {
  const { testEnvironment, close } = await openWorld('sweep-kill', scenario, { workers: false });
  const processes = new Processes(testEnvironment);
  await processes.start();
  const clean = await runCase(testEnvironment, scenario);
  const places = shareOf(lastOfEach(clean.places));

  /** Holds the exchange, kills both workers, and starts them again. */
  const killAt =
    (name: string): Watch =>
    (repos) => {
      const numbering = new Numbering(repos);
      let thaw = (): void => undefined;
      const until = new Promise<void>((resolve) => (thaw = resolve));
      let struck = false;
      return (exchange) => {
        if (numbering.next(exchange).name !== name || struck) return undefined;
        struck = true;
        void processes
          .kill()
          .then(thaw)
          .then(() => processes.start());
        return { kind: 'hold', until };
      };
    };

  describe(`a publish of ${scenario.name} with killed workers`, () => {
    it.each(places.map(({ name }) => name))(
      `${scenario.name}: SIGKILL at %s`,
      async (name) => {
        const ran = await runCase(testEnvironment, scenario, { watch: killAt(name) });
        expect(ran.payload).toEqual(clean.payload);
        expect(ran).toMatchObject({ approvals: 1, helped: 0 });
      },
      TIMEOUT_MS,
    );
    afterAll(async () => {
      await processes.kill();
      await close();
    });
  });
};
