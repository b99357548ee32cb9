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

/** What our workflows use of GitHub's format: a key that is not here is for whoever adds it to think about. */
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

/** Environment of a step as GitHub makes it, where its expressions are inputs alone. */
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
  /** Where the repository is checked out. */
  readonly cwd: string;
  /** Where the runner keeps what is its own. */
  readonly directory: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly inputs?: Readonly<Record<string, string>>;
  /** Programs that stand in front of those of this machine, as shell scripts. */
  readonly programs?: Readonly<Record<string, string>>;
  /** Ends the step that runs as a cancelled job does. */
  readonly signal?: AbortSignal;
  /** Told what a step says on stderr. */
  readonly onErr?: (text: string) => void;
}

export interface JobRun {
  /** Of the first step that failed; 0 where none did. */
  readonly code: number;
  readonly summary: string;
  readonly err: string;
}

/** The built program, as `npm ci` leaves it for `npx swp`. */
const installSwp = async (bin: string, programs: Readonly<Record<string, string>>): Promise<void> => {
  const swp = `exec "${process.execPath}" "${join(projectRoot(), 'dist', 'client', 'main.js')}" "$@"`;
  await mkdir(bin, { recursive: true });
  for (const [name, script] of Object.entries({ swp, npx: `[ "$1" = swp ] && shift || exit 127\n${swp}`, ...programs })) {
    await writeFile(join(bin, name), `#!/bin/sh\n${script}\n`);
    await chmod(join(bin, name), 0o755);
  }
};

/** Runs what the only job of a workflow runs, as its runner would: all but the actions, and what installs SWP. */
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
