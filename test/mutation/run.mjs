// Mutates the code of each module, and counts the mutants that its tests kill: `npm run test:mutation [-- module ...]`.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { MODULES } from './modules.mjs';

const names = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(MODULES);
const COLUMNS = ['module', 'killed', 'timed out', 'survived', 'excluded', 'score'];
const lines = [COLUMNS];
for (const name of names) {
  const { status } = spawnSync('stryker', ['run', 'test/mutation/stryker.config.mjs'], {
    stdio: 'inherit',
    env: { ...process.env, SWP_MUTATION: name },
  });
  if (status !== 0) process.exitCode = 1;
  const { files } = JSON.parse(readFileSync(`.stryker/${name}.json`, 'utf8'));
  const mutants = Object.values(files).flatMap((file) => file.mutants);
  const count = (...statuses) => mutants.filter((mutant) => statuses.includes(mutant.status)).length;
  const killed = count('Killed', 'RuntimeError', 'CompileError');
  const timedOut = count('Timeout');
  const survived = count('Survived', 'NoCoverage');
  const score = ((killed + timedOut) / (killed + timedOut + survived)) * 100;
  lines.push([name, `${killed}`, `${timedOut}`, `${survived}`, `${count('Ignored')}`, `${score.toFixed(1)} %`]);
}
const pad = (cell, at) => (at === 0 ? cell.padEnd(20) : cell.padStart(10));
process.stdout.write(lines.map((cells) => `${cells.map(pad).join('')}\n`).join(''));
