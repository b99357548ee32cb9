// Publishes in memory under random faults and crashes: npm run storm -- [--seed <seed>] [--seconds <seconds for each kind>]
import { parseArgs } from 'node:util';
import { execa } from 'execa';

const { values } = parseArgs({ options: { seed: { type: 'string' }, seconds: { type: 'string', default: '60' } } });
const env = { SWP_STORM_SECONDS: values.seconds, ...(values.seed === undefined ? {} : { SWP_STORM_SEED: values.seed }) };
const { exitCode } = await execa('vitest', ['run', 'test/sim/storm.test.ts'], { preferLocal: true, stdio: 'inherit', env, reject: false });
process.exitCode = exitCode;
