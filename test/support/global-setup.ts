import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestProject } from 'vitest/node';
import { messageOf } from '../../core/error.js';
import { findTemporalCli } from '../../dev/temporal/find.js';
import { startTemporalServer } from '../../dev/temporal/server.js';
import { BUILT_WORKFLOWS, bundleSources, isWorkflowsBuilt } from './workflow-code.js';

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

/** A failed bundle must not break the tests that need none; tests that need it report the failure themselves. */
const bundle = async (directory: string): Promise<string> => {
  if (isWorkflowsBuilt()) return BUILT_WORKFLOWS;
  try {
    const file = path.join(directory, 'workflows.js');
    await writeFile(file, await bundleSources(writeLine));
    return file;
  } catch (error) {
    writeLine(`The workflows cannot be bundled: ${messageOf(error)}`);
    return '';
  }
};
