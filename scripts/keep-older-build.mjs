// Builds a commit and archives the files that its workers need. The upgrade tests run workers from this archive:
//   node scripts/keep-older-build.mjs <commit> <name> [directory]
// Needs git, GNU tar and the dependencies of that commit; it uses the node_modules of this checkout.
import { copyFile, mkdir, mkdtemp, rm, stat, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';

const [commit, name, directory] = process.argv.slice(2);
if (commit === undefined || name === undefined) throw new Error('Give a commit and a name: keep-older-build.mjs v1.2.0 v1.2.0');

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const builds = directory ?? join(root, 'test', 'upgrade', 'builds');
const temporary = await mkdtemp(join(tmpdir(), 'swp-older-build-'));
const checkout = join(temporary, 'checkout');
const { stdout: sha } = await execa({ cwd: root })`git rev-parse --short=7 ${`${commit}^{commit}`}`;
await execa({ cwd: root })`git worktree add --detach ${checkout} ${sha}`;
try {
  await symlink(join(root, 'node_modules'), join(checkout, 'node_modules'));
  await execa({ cwd: checkout, stdout: 2, stderr: 2 })`npm run build`;
  // Leaves out the workflow bundle: it contains paths and the SDK version of its build, so the tests that unpack the archive
  // bundle the workflows again.
  const excludes = ['*.map', 'dist/workflow-bundle.js', 'dist/bench', 'dist/dev'].map((pattern) => `--exclude=${pattern}`);
  const reproducibleFlags = ['--sort=name', '--mtime=@0', '--owner=0', '--group=0', '--numeric-owner', '--mode=u=rwX,go=rX'];
  const archive = join(temporary, 'build.tgz');
  await execa({
    cwd: checkout,
  })`tar --use-compress-program=${'gzip -9n'} -cf ${archive} ${reproducibleFlags} ${excludes} package.json dist`;
  const archivePath = join(builds, `${name}-${sha}.tgz`);
  await mkdir(builds, { recursive: true });
  await copyFile(archive, archivePath);
  process.stderr.write(`${archivePath}: ${Math.round((await stat(archivePath)).size / 1000)} kB\n`);
} finally {
  await execa({ cwd: root })`git worktree remove --force ${checkout}`;
  await rm(temporary, { recursive: true, force: true });
}
