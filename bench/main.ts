import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { goalText, meets, type Figure } from './figure.js';
import { measurePublish } from './publish.js';
import { measureStartUp } from './start-up.js';
import { measureUpload } from './upload.js';

const RESULTS = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'bench', 'results', 'latest.json');

const figures: Figure[] = [measureStartUp(), ...(await measureUpload()), ...(await measurePublish())];
const rows = figures.map((figure) => [
  meets(figure) ? 'met ' : 'MISS',
  figure.name.padEnd(40),
  `${Number(figure.value.toPrecision(4))} ${figure.unit}`.padEnd(14),
  goalText(figure).padEnd(14),
  figure.how,
]);
process.stdout.write(`${rows.map((row) => row.join('  ')).join('\n')}\n`);
await mkdir(dirname(RESULTS), { recursive: true });
await writeFile(RESULTS, `${JSON.stringify({ node: process.version, figures }, null, 2)}\n`);
process.exit(figures.every(meets) ? 0 : 1);
