// Runs one slice of the tests that `npm test` leaves out. The number of commits on the main line selects the slice, so that
// consecutive commits run different slices.
import { execFileSync, spawnSync } from 'node:child_process';

/** Chosen so that the longest slice stays under six minutes on two cores. */
const SLICES = 6;

const commits = Number(execFileSync('git', ['rev-list', '--count', '--first-parent', 'HEAD'], { encoding: 'utf8' }));
const slice = `${(commits % SLICES) + 1}/${SLICES}`;
const { status } = spawnSync('vitest', ['run', ...process.argv.slice(2)], { stdio: 'inherit', env: { ...process.env, SWP_TESTS: slice } });
process.stdout.write(`Slice ${slice} of the long tests ${status === 0 ? 'passed' : 'failed'}.\n`);
process.exitCode = status ?? 1;
