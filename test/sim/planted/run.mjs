// Applies each planted bug to a copy of the project, and reports the seconds until a storm finds it, with the start of vitest:
// node test/sim/planted/run.mjs [<name of a bug>…]
import { mkdtemp, readdir, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { execa } from 'execa';

const HERE = import.meta.dirname;
const ROOT = join(HERE, '..', '..', '..');
/** Seconds of fresh seeds for each trial. */
const SECONDS = '60';

const ENGINE = ['mtp', 'vision', 'vindex'].map((kind) => ({
  name: kind,
  args: ['test/sim/storm.test.ts', '-t', `of ${kind} in a storm ends`],
}));
const WORKFLOWS = [{ name: 'orders', args: ['test/sim/workflows/orders.test.ts', '-t', 'keeps every promise'] }];

const wanted = process.argv.slice(2);
const patches = (await readdir(HERE)).filter((name) => name.endsWith('.patch')).toSorted();
const copy = await mkdtemp(join(tmpdir(), 'swp-planted-'));
let missed = 0;
try {
  await execa('git', ['clone', '--quiet', ROOT, copy]);
  await symlink(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
  for (const patch of patches) {
    const name = basename(patch, '.patch');
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    await execa('git', ['apply', join(HERE, patch)], { cwd: copy });
    const isOfWorkflows = /^\+\+\+ b\/(?:workflows|plan)\//m.test(await readFile(join(HERE, patch), 'utf8'));
    const found = [];
    for (const trial of isOfWorkflows ? WORKFLOWS : ENGINE) {
      const since = performance.now();
      const { exitCode } = await execa('vitest', ['run', ...trial.args], {
        preferLocal: true,
        cwd: copy,
        env: { SWP_STORM_SECONDS: SECONDS },
        reject: false,
      });
      if (exitCode !== 0) found.push(`${trial.name} ${((performance.now() - since) / 1000).toFixed(1)} s`);
    }
    if (found.length === 0) missed += 1;
    process.stdout.write(`${name}: ${found.length === 0 ? 'not found' : found.join(', ')}\n`);
    await execa('git', ['checkout', '--quiet', '.'], { cwd: copy });
  }
} finally {
  await rm(copy, { recursive: true, force: true });
}
process.exitCode = missed === 0 ? 0 : 1;
