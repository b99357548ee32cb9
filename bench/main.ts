import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { measureCli } from './cli.js';
import { measureClients } from './clients.js';
import { measureFleet } from './fleet.js';
import { goalText, meets, type Figure } from './figure.js';
import { measureMtp } from './mtp.js';
import { measurePublish } from './publish.js';
import { measureUpload } from './upload.js';
import { measureVindex } from './vindex.js';
import { measureWorkflowContext } from './workflow-context.js';

const RESULTS = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'bench', 'results');

/** Groups of measurements by name. A name as an argument selects only that group: `npm run bench -- mtp`. */
const GROUPS: Readonly<Record<string, () => Promise<Figure[]>>> = {
  cli: measureCli,
  upload: async () => [...(await measureUpload()), ...(await measureClients())],
  publish: measurePublish,
  mtp: measureMtp,
  vindex: measureVindex,
  fleet: measureFleet,
  workflows: measureWorkflowContext,
};

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => GROUPS[name] === undefined);
if (unknown.length > 0) {
  process.stderr.write(`Nothing to measure is named ${unknown.join(', ')}; there are ${Object.keys(GROUPS).join(', ')}.\n`);
  process.exit(2);
}
const figures: Figure[] = [];
for (const [name, measure] of Object.entries(GROUPS)) if (wanted.length === 0 || wanted.includes(name)) figures.push(...(await measure()));
const rows = figures.map((figure) => [
  meets(figure) ? 'met ' : 'MISS',
  figure.name.padEnd(46),
  `${Number(figure.value.toPrecision(4))} ${figure.unit}`.padEnd(14),
  goalText(figure).padEnd(14),
  figure.how,
]);
process.stdout.write(`${rows.map((row) => row.join('  ')).join('\n')}\n`);
await mkdir(RESULTS, { recursive: true });
await writeFile(
  join(RESULTS, `${wanted.length === 0 ? 'latest' : wanted.join('-')}.json`),
  `${JSON.stringify({ node: process.version, figures }, null, 2)}\n`,
);
process.exit(figures.every(meets) ? 0 : 1);
