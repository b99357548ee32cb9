import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DefaultLogger } from '@temporalio/worker';
import type { bundleWorkflows } from '../../worker/bundle-workflows.js';
import { execa } from 'execa';
import { ArtifactKind } from '../../core/ids.js';
import { projectRoot } from '../../dev/temporal/project.js';
import type { startPublish } from '../../temporal/start-publish.js';

const BUILDS = fileURLToPath(new URL('builds', import.meta.url));

/** A build that `scripts/keep-older-build.mjs` archived. */
export interface Archive {
  readonly path: string;
  /** The release and its commit. */
  readonly name: string;
  /** The kinds that it can publish. */
  readonly kinds: readonly ArtifactKind[];
}

const describeArchive = async (path: string): Promise<Archive> => {
  const { stdout } = await execa`tar -tzf ${path}`;
  const kinds = ArtifactKind.options.filter((kind) => stdout.includes(`dist/plan/plan-${kind}.js`));
  return { path, name: basename(path, '.tgz'), kinds };
};

/** The archived releases. */
export const keptBuilds = async (): Promise<readonly Archive[]> => {
  const names = await readdir(BUILDS).catch(() => []);
  const archives = names.filter((name) => name.endsWith('.tgz')).toSorted();
  return Promise.all(archives.map((name) => describeArchive(join(BUILDS, name))));
};

/** Archives the current commit with the script that archives releases. */
export const archiveCurrentCommit = async (directory: string): Promise<Archive> => {
  await execa({ cwd: projectRoot() })`node scripts/keep-older-build.mjs HEAD current ${directory}`;
  const [name] = await readdir(directory);
  if (name === undefined) throw new Error('the current commit was not archived');
  return describeArchive(join(directory, name));
};

/** A build of an earlier commit, unpacked in a place from which it finds the dependencies of this checkout. */
export class OlderBuild {
  private constructor(
    readonly directory: string,
    readonly kinds: readonly ArtifactKind[],
  ) {}

  static async unpack({ path, kinds }: Archive): Promise<OlderBuild> {
    const cache = join(projectRoot(), 'node_modules', '.cache');
    await mkdir(cache, { recursive: true });
    const build = new OlderBuild(await mkdtemp(join(cache, 'swp-older-build-')), kinds);
    await execa`tar -xzf ${path} -C ${build.directory}`;
    const dist = join(build.directory, 'dist');
    const bundler = (await import(join(dist, 'worker', 'bundle-workflows.js'))) as { bundleWorkflows: typeof bundleWorkflows };
    await writeFile(
      join(dist, 'workflow-bundle.js'),
      await bundler.bundleWorkflows(join(dist, 'workflows', 'index.js'), new DefaultLogger('ERROR')),
    );
    return build;
  }

  /** Path of its `swp` program. */
  get program(): string {
    return join(this.directory, 'dist', 'client', 'main.js');
  }

  /** The function with which its `swp start` starts a publish. */
  async startPublish(): Promise<typeof startPublish> {
    const found = (await import(join(this.directory, 'dist', 'temporal', 'start-publish.js'))) as { startPublish: typeof startPublish };
    return found.startPublish;
  }

  async remove(): Promise<void> {
    await rm(this.directory, { recursive: true, force: true });
  }
}
