// Completes a build with what tsc leaves out: it deletes modules whose source is gone, bundles the workflows, copies files that are
// not code, and sets the executable bit.
import { existsSync } from 'node:fs';
import { chmod, cp, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DefaultLogger } from '@temporalio/worker';
import { bundleWorkflows } from '../dist/worker/bundle-workflows.js';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const dist = join(root, 'dist');
const quietLogger = new DefaultLogger('WARN', ({ message }) => process.stderr.write(`${message}\n`));

for (const path of await readdir(dist, { recursive: true })) {
  const [, module] = /^(.+\/.+)\.js(?:\.map)?$/.exec(path) ?? [];
  if (module !== undefined && !existsSync(join(root, `${module}.ts`))) await rm(join(dist, path));
}

await writeFile(join(dist, 'workflow-bundle.js'), await bundleWorkflows(join(dist, 'workflows', 'index.js'), quietLogger));

/** Files that the program reads at run time, by the folder that holds them. */
const DATA = { catalog: /\.(yaml|json)$/, 'client/completion': /\.(bash|zsh)$/, 'dev/temporal': /\.txt$/ };
for (const [folder, pattern] of Object.entries(DATA)) {
  await mkdir(join(dist, folder), { recursive: true });
  for (const name of await readdir(join(root, folder))) {
    if (pattern.test(name)) await cp(join(root, folder, name), join(dist, folder, name));
  }
}

await chmod(join(dist, 'client', 'main.js'), 0o755);
