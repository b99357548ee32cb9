// Publishes in memory under random faults, crashes and orders of events: npm run storm -- [--seed <seed>] [--seconds <seconds for each>]
import { parseArgs } from 'node:util';
import { execa } from 'execa';

const { values } = parseArgs({ options: { seed: { type: 'string' }, seconds: { type: 'string', default: '60' } } });
const env = { SWP_STORM_SECONDS: values.seconds, ...(values.seed === undefined ? {} : { SWP_STORM_SEED: values.seed }) };
const { exitCode } = await execa('vitest', ['run', 'test/sim/storm.test.ts', 'test/sim/workflows/orders.test.ts'], {
  preferLocal: true,
  stdio: 'inherit',
  env,
  reject: false,
});
process.exitCode = exitCode;
