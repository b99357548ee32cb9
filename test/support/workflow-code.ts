import { existsSync, readdirSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { DefaultLogger } from '@temporalio/worker';
import { projectRoot } from '../../dev/temporal/project.js';
import { bundleWorkflows } from '../../worker/bundle-workflows.js';

/** The bundle of the last build. */
export const BUILT_WORKFLOWS = path.join(projectRoot(), 'dist', 'workflow-bundle.js');

/** Returns true if no source of the program, and no dependency, changed since the last build. */
export const isWorkflowsBuilt = (): boolean => {
  const builtAt = statSync(BUILT_WORKFLOWS, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  if (builtAt === 0) return false;
  const isOlder = (file: string): boolean => statSync(path.join(projectRoot(), file)).mtimeMs < builtAt;
  const sources = readdirSync(path.join(projectRoot(), 'dist'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && existsSync(path.join(projectRoot(), entry.name)))
    .flatMap(({ name }) =>
      readdirSync(path.join(projectRoot(), name), { recursive: true, encoding: 'utf8' }).map((file) => path.join(name, file)),
    );
  return ['package-lock.json', ...sources.filter((file) => file.endsWith('.ts'))].every((file) => isOlder(file));
};

/** Bundles the sources of the workflows. */
export const bundleSources = (warn: (line: string) => void): Promise<string> =>
  bundleWorkflows(
    path.join(projectRoot(), 'workflows', 'index.ts'),
    new DefaultLogger('WARN', ({ level, message }) => warn(`${level} ${message}`)),
  );

/** Returns the bundle of the workflows as they are now. */
export const workflowCode = async (): Promise<string> =>
  isWorkflowsBuilt() ? readFile(BUILT_WORKFLOWS, 'utf8') : bundleSources((line) => process.stderr.write(`${line}\n`));
