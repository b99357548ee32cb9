import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { execa } from 'execa';
import { ArtifactKind } from '../../core/ids.js';
import { projectRoot } from '../../dev/temporal/project.js';
import type { startPublish } from '../../worker/start-publish.js';

const BUILDS = fileURLToPath(new URL('builds', import.meta.url));

export interface Archive {
  /** What came next, and the commit. */
  readonly name: string;
  /** The kinds that it can publish. */
  readonly kinds: readonly ArtifactKind[];
}

const describeArchive = async (file: string): Promise<Archive> => {
  const { stdout } = await execa`tar -tzf ${join(BUILDS, file)}`;
  const kinds = ArtifactKind.options.filter((kind) => stdout.includes(`dist/plan/plan-${kind}.js`));
  return { name: file.replace(/\.tgz$/, ''), kinds };
};

/** Archives that `scripts/keep-older-build.mjs` made. */
export const olderBuilds: readonly Archive[] = await Promise.all(
  (await readdir(BUILDS))
    .filter((name) => name.endsWith('.tgz'))
    .toSorted()
    .map(describeArchive),
);

/** An earlier commit of SWP, built, unpacked where it finds this checkout's dependencies. */
export class OlderBuild {
  private constructor(
    readonly directory: string,
    readonly kinds: readonly ArtifactKind[],
  ) {}

  static async unpack({ name, kinds }: Archive): Promise<OlderBuild> {
    const cache = join(projectRoot(), 'node_modules', '.cache');
    await mkdir(cache, { recursive: true });
    const build = new OlderBuild(await mkdtemp(join(cache, 'swp-older-build-')), kinds);
    await execa`tar -xzf ${join(BUILDS, `${name}.tgz`)} -C ${build.directory}`;
    const dist = join(build.directory, 'dist');
    const { code } = await bundleWorkflowCode({ workflowsPath: join(dist, 'workflows', 'index.js'), logger: new DefaultLogger('ERROR') });
    await writeFile(join(dist, 'workflow-bundle.js'), code);
    return build;
  }

  /** Its `swp`. */
  get program(): string {
    return join(this.directory, 'dist', 'client', 'main.js');
  }

  /** What its `swp start` begins a publish with, where it lay in builds of then or lies since. */
  async startPublish(): Promise<(...args: Parameters<typeof startPublish>) => Promise<unknown>> {
    const [file] = ['worker/start-publish.js', 'client/publish/start.js']
      .map((path) => join(this.directory, 'dist', path))
      .filter(existsSync);
    const found = (await import(file!)) as { startPublish: typeof startPublish };
    return found.startPublish;
  }

  async remove(): Promise<void> {
    await rm(this.directory, { recursive: true, force: true });
  }
}
