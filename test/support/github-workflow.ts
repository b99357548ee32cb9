import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { parse } from 'yaml';
import { z } from 'zod';
import { projectRoot } from '../../dev/temporal/project.js';

const Env = z.record(z.string(), z.string());

const Step = z.strictObject({
  name: z.string().optional(),
  if: z.string().optional(),
  uses: z.string().optional(),
  with: z.record(z.string(), z.unknown()).optional(),
  env: Env.optional(),
  run: z.string().optional(),
});
type Step = z.infer<typeof Step>;

const Job = z.strictObject({
  'runs-on': z.union([z.string(), z.array(z.string())]),
  'timeout-minutes': z.int(),
  env: Env.optional(),
  steps: z.array(Step),
});

/** The part of GitHub's workflow format that our workflows use. It is strict, so that a new key is added here deliberately. */
const Workflow = z.strictObject({
  name: z.string(),
  on: z.record(z.string(), z.unknown()),
  permissions: z.record(z.string(), z.string()),
  concurrency: z.strictObject({ group: z.string(), 'cancel-in-progress': z.boolean() }),
  defaults: z.strictObject({ run: z.strictObject({ shell: z.literal('bash') }) }),
  jobs: z.record(z.string(), Job),
});
export type Workflow = z.infer<typeof Workflow>;

export const readWorkflow = async (name: string): Promise<{ readonly workflow: Workflow; readonly text: string }> => {
  const text = await readFile(join(projectRoot(), '.github', 'workflows', name), 'utf8');
  return { workflow: Workflow.parse(parse(text)), text };
};

export const stepsOf = (workflow: Workflow): Step[] => Object.values(workflow.jobs).flatMap(({ steps }) => steps);

/** The environment of a step as GitHub builds it; its expressions may only be inputs. */
const evaluate = (env: Readonly<Record<string, string>>, inputs: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(env).map(([name, value]) => [
      name,
      value.replaceAll(/\$\{\{(.*?)\}\}/g, (_, expression: string) => {
        const input = inputs[expression.trim().replace(/^inputs\./, '')];
        if (input === undefined) throw new Error(`no value for ${expression}`);
        return input;
      }),
    ]),
  );

export interface JobOptions {
  /** Directory of the repository checkout. */
  readonly cwd: string;
  /** Directory for the files of the runner. */
  readonly directory: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly inputs?: Readonly<Record<string, string>>;
  /** Shell scripts, by name, that override programs of this machine. */
  readonly programs?: Readonly<Record<string, string>>;
  /** Ends the running step as a cancelled job does. */
  readonly signal?: AbortSignal;
  /** Receives the stderr of each step. */
  readonly onErr?: (text: string) => void;
}

export interface JobRun {
  /** Exit code of the first step that failed; 0 if every step succeeded. */
  readonly code: number;
  readonly summary: string;
  readonly err: string;
}

/** Installs the built program so that `npx swp` finds it, as after `npm ci`. */
const installSwp = async (bin: string, programs: Readonly<Record<string, string>>): Promise<void> => {
  const swp = `exec "${process.execPath}" "${join(projectRoot(), 'dist', 'client', 'main.js')}" "$@"`;
  await mkdir(bin, { recursive: true });
  for (const [name, script] of Object.entries({ swp, npx: `[ "$1" = swp ] && shift || exit 127\n${swp}`, ...programs })) {
    await writeFile(join(bin, name), `#!/bin/sh\n${script}\n`);
    await chmod(join(bin, name), 0o755);
  }
};

/** Runs the scripts of the only job of a workflow as its runner would, without the actions and without `npm ci`. */
export const runJob = async (workflow: Workflow, options: JobOptions): Promise<JobRun> => {
  const { cwd, directory, env = {}, inputs = {}, programs = {}, signal, onErr } = options;
  const bin = join(directory, 'bin');
  await installSwp(bin, programs);
  const summary = join(directory, 'summary.md');
  const script = join(directory, 'step.sh');
  await writeFile(summary, '');
  let code = 0;
  let err = '';
  for (const step of stepsOf(workflow)) {
    if (step.run === undefined || step.run.trim() === 'npm ci' || (code !== 0 && step.if !== '${{ !cancelled() }}')) continue;
    await writeFile(script, step.run);
    const jobEnv = Object.assign({}, ...Object.values(workflow.jobs).map((job) => job.env ?? {})) as Record<string, string>;
    const running = execa('bash', ['--noprofile', '--norc', '-eo', 'pipefail', script], {
      cwd,
      extendEnv: false,
      env: {
        ...env,
        PATH: `${bin}:${process.env['PATH']}`,
        RUNNER_TEMP: directory,
        GITHUB_ACTOR: 'octo-ada',
        GITHUB_STEP_SUMMARY: summary,
        ...evaluate({ ...jobEnv, ...step.env }, inputs),
      },
      reject: false,
      stdin: 'ignore',
      ...(signal === undefined ? {} : { cancelSignal: signal }),
    });
    running.stderr.on('data', (chunk: Buffer) => onErr?.(chunk.toString()));
    const ended = await running;
    err += `${ended.stdout}\n${ended.stderr}\n`;
    if (code === 0) code = ended.exitCode ?? 130;
    if (signal?.aborted === true) break;
  }
  return { code, summary: await readFile(summary, 'utf8'), err };
};
