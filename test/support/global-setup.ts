import { existsSync, readdirSync, statSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DefaultLogger } from '@temporalio/worker';
import { bundleWorkflows } from '../../worker/bundle-workflows.js';
import type { TestProject } from 'vitest/node';
import { messageOf } from '../../core/error.js';
import { findTemporalCli } from '../../dev/temporal/find.js';
import { projectRoot } from '../../dev/temporal/project.js';
import { startTemporalServer } from '../../dev/temporal/server.js';

declare module 'vitest' {
  export interface ProvidedContext {
    /** `host:port` of the server that all tests share. */
    temporalAddress: string;
    /** Address of its Web UI. */
    temporalUi: string;
    /** Path of the Temporal CLI that was found. */
    temporalCli: string;
    /** Path of the bundled workflows; empty when they cannot be bundled. Read it with `workflowBundle()`. */
    workflowBundle: string;
  }
}

const writeLine = (line: string): void => void process.stderr.write(`${line}\n`);

/** Starts one headless Temporal server and finds or makes the bundle of the workflows once, for all test files. */
export default async (project: TestProject): Promise<() => Promise<void>> => {
  const cli = await findTemporalCli({ note: writeLine });
  const [server, directory] = await Promise.all([
    startTemporalServer({ cli: cli.path, uiPort: 0 }),
    mkdtemp(path.join(tmpdir(), 'swp-test-')),
  ]);
  project.provide('temporalAddress', server.address);
  project.provide('temporalUi', server.uiUrl ?? '');
  project.provide('temporalCli', cli.path);
  project.provide('workflowBundle', await bundle(directory));
  return async () => {
    await Promise.all([server.close(), rm(directory, { recursive: true, force: true })]);
  };
};

const BUILT = path.join(projectRoot(), 'dist', 'workflow-bundle.js');

/** Returns true if no source of the program, and no dependency, changed since the last build. */
const isBuilt = (): boolean => {
  const builtAt = statSync(BUILT, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const isOlder = (file: string): boolean => statSync(path.join(projectRoot(), file)).mtimeMs < builtAt;
  const sources = readdirSync(path.join(projectRoot(), 'dist'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && existsSync(path.join(projectRoot(), entry.name)))
    .flatMap(({ name }) =>
      readdirSync(path.join(projectRoot(), name), { recursive: true, encoding: 'utf8' }).map((file) => path.join(name, file)),
    );
  return ['package-lock.json', ...sources.filter((file) => file.endsWith('.ts'))].every((file) => isOlder(file));
};

/** A failed bundle must not break the tests that need none; tests that need it report the failure themselves. */
const bundle = async (directory: string): Promise<string> => {
  const workflowsPath = path.join(projectRoot(), 'workflows', 'index.ts');
  if (!existsSync(workflowsPath)) return '';
  if (isBuilt()) return BUILT;
  try {
    const code = await bundleWorkflows(workflowsPath, new DefaultLogger('WARN', ({ level, message }) => writeLine(`${level} ${message}`)));
    const file = path.join(directory, 'workflows.js');
    await writeFile(file, code);
    return file;
  } catch (error) {
    writeLine(`The workflows cannot be bundled: ${messageOf(error)}`);
    return '';
  }
};
