// Builds a commit and keeps what its workers need as an archive, from which the tests of upgrades run them:
//   node scripts/keep-older-build.mjs <commit> <name> [directory]
// Needs git, GNU tar and the dependencies of that commit: those of this checkout are used.
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
  // The workflows are bundled again where the archive is unpacked: a bundle names paths, and carries the SDK of its day.
  const leftOut = ['*.map', 'dist/workflow-bundle.js', 'dist/bench', 'dist/dev'].map((pattern) => `--exclude=${pattern}`);
  const reproducible = ['--sort=name', '--mtime=@0', '--owner=0', '--group=0', '--numeric-owner', '--mode=u=rwX,go=rX'];
  const archive = join(temporary, 'build.tgz');
  await execa({ cwd: checkout })`tar --use-compress-program=${'gzip -9n'} -cf ${archive} ${reproducible} ${leftOut} package.json dist`;
  const kept = join(builds, `${name}-${sha}.tgz`);
  await mkdir(builds, { recursive: true });
  await copyFile(archive, kept);
  process.stderr.write(`${kept}: ${Math.round((await stat(kept)).size / 1000)} kB\n`);
} finally {
  await execa({ cwd: root })`git worktree remove --force ${checkout}`;
  await rm(temporary, { recursive: true, force: true });
}
