import { Command, CommanderError, Option } from 'commander';
import { ARTIFACT_KINDS } from '../core/artifact-kinds.js';
import { SwpError } from '../core/error.js';
import type { ArtifactKind } from '../core/ids.js';
import { swpVersion } from '../core/version.js';
import type { MtpNames } from '../formats/mtp/naming.js';
import { secretsIn } from '../settings/secrets.js';
import type { Execute } from './context.js';
import { declareCampaign } from './declare-campaign.js';
import { declareCatalogEditing } from './declare-catalog.js';
import { declareConfig } from './declare-config.js';
import { declareMachine } from './declare-machine.js';
import { declareSchedule } from './declare-schedule.js';
import { declareCompletion } from './declare-completion.js';
import { EXIT, exitCodeOf, type ExitCode } from './exit-codes.js';
import { DIGITS, wholeNumber } from './option-values.js';
import { fold } from './output/fold.js';
import { Output, type Streams } from './output/output.js';

/** The environment of one run of `swp`; tests pass their own. */
export interface ProcessIo extends Streams {
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  readonly interactive: boolean;
  readonly signal: AbortSignal;
}

const only = new Option('--only <kind>', 'publish only this artifact of the entry').choices([...ARTIFACT_KINDS]);

const EXIT_CODES = `
Exit codes: 0 ok, 1 failed, 2 usage, 3 invalid catalog or settings,
4 stale plan, 5 unavailable (retry later), 6 access or quota, 7 integrity,
8 awaiting approval, 9 nothing to do, 10 rejected or expired, 130 interrupted.`;

const untilAttention = new Option(
  '--until-attention',
  'wait until it has ended or pauses; if it pauses, exit with the code of its problem',
);

/** Declares every command. The code of a command is loaded only when it runs. */
export const declare = (execute: Execute): Command => {
  const program = new Command('swp')
    .description('Publish the model weights that Skulk clusters load: plan, approve, build, upload, commit, verify.')
    .version(swpVersion(), '-V, --version')
    .option('--json', 'machine-readable output on stdout')
    .option('--catalog <file>', 'the skulk-weights.yaml to use (SWP_CATALOG)')
    .showSuggestionAfterError()
    .addHelpText('after', EXIT_CODES);

  const catalog = program.command('catalog').description('list, check and edit the catalog of publishable models');
  catalog
    .command('list')
    .description('list every entry')
    .action(() => execute(async (context) => (await import('./commands/catalog-list.js')).catalogList(context)));
  catalog
    .command('show')
    .argument('<entry>')
    .description('show one entry and its artifacts')
    .action((entry: string) => execute(async (context) => (await import('./commands/catalog-show.js')).catalogShow({ entry }, context)));
  catalog
    .command('validate')
    .description('check every source and list all mistakes')
    .action(() => execute(async (context) => (await import('./commands/catalog-validate.js')).catalogValidate(context)));
  catalog
    .command('diff')
    .description('plan every entry that differs from another catalog; starts nothing, needs no token and no worker')
    .requiredOption('--base <path>', 'the earlier catalog: a skulk-weights.yaml, a directory that contains one, or a checkout of SWP')
    .option('--markdown', 'print Markdown, for a job summary')
    .action((options: { base: string; markdown?: true }) =>
      execute(async (context) => (await import('./commands/catalog-diff.js')).catalogDiff(options, context)),
    );
  catalog
    .command('sources')
    .description('list the sources of the entries')
    .action(() => execute(async (context) => (await import('./commands/catalog-sources.js')).catalogSources(context)));
  declareCatalogEditing(catalog, execute);

  const names = new Option('--names <which>', 'tensor naming scheme of the sidecar').choices(['skulk', 'source']).default('skulk');
  const mtp = program.command('mtp').description('inspect MTP heads, or extract them, without publishing');
  mtp
    .command('inspect')
    .argument('<repo>', 'owner/name, or owner/name@revision: a commit, branch or tag')
    .description('show what the sidecar of a checkpoint would contain; reads no tensors')
    .addOption(names)
    .action((repo: string, options: { names: MtpNames }) =>
      execute(async (context) => (await import('./commands/mtp-inspect.js')).mtpInspect({ repo, ...options }, context)),
    );
  mtp
    .command('extract')
    .argument('<repo>', 'owner/name, or owner/name@revision: a commit, branch or tag')
    .description('extract a sidecar into a directory, as a publish would')
    .requiredOption('-o, --output <directory>', 'directory for mtp.safetensors and mtp.tensors.json')
    .addOption(names)
    .action((repo: string, options: { output: string; names: MtpNames }) =>
      execute(async (context) => (await import('./commands/mtp-extract.js')).mtpExtract({ repo, ...options }, context)),
    );

  program
    .command('start')
    .argument('<entry>')
    .description('start publishing an entry, and show its plan')
    .addOption(only)
    .option('--dry-run', 'print the whole plan and start nothing; needs no Temporal server')
    .option('--watch', 'wait until it has ended; without a terminal, also return when it pauses')
    .addOption(untilAttention)
    .option('--review-artifacts', 'require a second approval before the upload, of the sealed files')
    .option('--as <name>', 'name of the person who starts it (not verified); default: the Hub account of your token, else your login')
    .action(
      (
        entry: string,
        options: { only?: ArtifactKind; dryRun?: true; watch?: true; untilAttention?: true; reviewArtifacts?: true; as?: string },
      ) => execute(async (context) => (await import('./commands/start.js')).start({ entry, ...options }, context)),
    );
  program
    .command('plan')
    .argument('<entry>')
    .description('show the plan of a publish')
    .option('--markdown', 'print Markdown, for a job summary, with the command that approves the plan')
    .action((entry: string, options: { markdown?: true }) =>
      execute(async (context) => (await import('./commands/plan.js')).plan({ entry, ...options }, context)),
    );
  for (const verdict of ['approve', 'reject'] as const) {
    program
      .command(verdict)
      .argument('<entry>')
      .description(`${verdict} exactly the plan that waits for a decision, or the sealed files that were built from it`)
      .option('--plan <digest>', `digest of the plan that you read, ${DIGITS}; required without a terminal`)
      .addOption(new Option('--manifest <digest>', `digest of the sealed files, ${DIGITS}; instead of --plan`).conflicts('plan'))
      .option('--as <name>', 'name of the person who decides (not verified); default: the Hub account of your token, else your login')
      .option('--note <text>', 'comment to record with the decision')
      .action((entry: string, options: { plan?: string; manifest?: string; as?: string; note?: string }) =>
        execute(async (context) => (await import('./commands/decide.js')).decide({ entry, verdict, ...options }, context)),
      );
  }
  program
    .command('status')
    .argument('[entry]')
    .description('show the stage of a publish, or of all that run')
    .option('--watch', 'wait until it has ended; without a terminal, also return when it pauses; Ctrl-C does not stop the publish')
    .addOption(untilAttention)
    .action((entry: string | undefined, options: { watch?: true; untilAttention?: true }) =>
      execute(async (context) =>
        (await import('./commands/status.js')).status({ ...(entry === undefined ? {} : { entry }), ...options }, context),
      ),
    );
  program
    .command('pending')
    .description('list everything that waits for a person, with the command that decides it; the list may lag a moment behind')
    .action(() => execute(async (context) => (await import('./commands/pending.js')).pending(context)));
  program
    .command('history')
    .argument('<entry>')
    .description('list the publishes of an entry that the server still has: how each ended, who decided, and the commits')
    .option('--limit <n>', 'show the newest n publishes', wholeNumber(1), 10)
    .action((entry: string, options: { limit: number }) =>
      execute(async (context) => (await import('./commands/history.js')).history({ entry, ...options }, context)),
    );
  program
    .command('retry')
    .argument('<entry>')
    .description('retry the failed step of a paused publish')
    .option('--note <text>', 'comment to record in the history')
    .action((entry: string, options: { note?: string }) =>
      execute(async (context) => (await import('./commands/resolve.js')).resolve({ entry, action: 'retry', ...options }, context)),
    );
  program
    .command('abandon')
    .argument('<entry>')
    .description('give up a paused publish; asks first')
    .option('--note <text>', 'comment to record in the history')
    .option('--yes', 'do not ask; required without a terminal')
    .action((entry: string, options: { note?: string; yes?: true }) =>
      execute(async (context) => (await import('./commands/resolve.js')).resolve({ entry, action: 'abandon', ...options }, context)),
    );
  program
    .command('move')
    .argument('<entry>')
    .description('move artifacts that are paused, or whose host is gone, to another host')
    .option('--from <host>', 'move the artifacts on this host even while it works; their running steps are stopped')
    .option('--note <text>', 'comment to record in the history')
    .action((entry: string, options: { from?: string; note?: string }) =>
      execute(async (context) => (await import('./commands/move.js')).move({ entry, ...options }, context)),
    );
  program
    .command('cancel')
    .argument('<entry>')
    .description('cancel a publish; asks first. Targets that are already committed stay published')
    .option('--yes', 'do not ask; required without a terminal')
    .action((entry: string, options: { yes?: true }) =>
      execute(async (context) => (await import('./commands/cancel.js')).cancel({ entry, ...options }, context)),
    );
  program
    .command('verify')
    .argument('[name]', 'an entry, or a target as owner/name; default: the whole catalog, compared with the Hub listing')
    .description('compare targets with what was published to them; needs only the Hub, and a token that may read them')
    .option('--full', 'read every byte back, not only a sample')
    .option('--rebuild', 'build the payload again here from its pinned source, and compare every byte')
    .option(
      '--scratch <directory>',
      'directory for the rebuild, which is deleted afterwards; default: the system directory for temporary files',
    )
    .option('--markdown', 'print Markdown, for a job summary; only for the whole catalog')
    .action((entryOrTarget: string | undefined, options: { full?: true; rebuild?: true; scratch?: string; markdown?: true }) =>
      execute(async (context) =>
        (await import('./commands/verify.js')).verify({ ...(entryOrTarget === undefined ? {} : { entryOrTarget }), ...options }, context),
      ),
    );
  declareCampaign(program, execute);
  declareSchedule(program, execute);
  declareMachine(program, execute);
  declareConfig(program, execute);
  return program;
};

/** Width of help texts if the width of the terminal is not known. */
const DEFAULT_COLUMNS = 80;
/** Minimum width in which commander wraps descriptions; narrower ones stay on one line, which the terminal breaks. */
const MIN_HELP_COLUMNS = 20;

const configureOutput = (program: Command, streams: Streams): void => {
  for (const command of [program, ...program.commands, ...program.commands.flatMap((sub) => sub.commands)]) {
    command
      .exitOverride()
      .configureHelp({ minWidthToWrap: MIN_HELP_COLUMNS })
      .configureOutput({
        writeOut: (text) => void streams.out.write(fold(text, streams.out.columns)),
        writeErr: (text) => void streams.err.write(fold(text, streams.err.columns)),
        getOutHelpWidth: () => streams.out.columns ?? DEFAULT_COLUMNS,
        getErrHelpWidth: () => streams.err.columns ?? DEFAULT_COLUMNS,
      });
  }
};

const ownProcess = (): ProcessIo & { readonly dispose: () => void } => {
  const controller = new AbortController();
  const stop = (): void => controller.abort(new SwpError('internal', 'client/interrupted', 'Interrupted.'));
  // A second Ctrl-C ends the process immediately.
  process.once('SIGINT', stop).once('SIGTERM', stop);
  // A closed pipe (`| head`) is not an error.
  process.stdout.on('error', (error) => process.exit('code' in error && error.code === 'EPIPE' ? EXIT.ok : EXIT.failed));
  return {
    out: process.stdout,
    err: process.stderr,
    env: process.env,
    cwd: process.cwd(),
    interactive: process.stdin.isTTY && process.stderr.isTTY,
    signal: controller.signal,
    dispose: () => process.removeListener('SIGINT', stop).removeListener('SIGTERM', stop),
  };
};

/** Runs `swp` with these arguments and returns its exit code. Never throws. */
export const run = async (argv: readonly string[], given?: ProcessIo): Promise<number> => {
  const io = given ?? ownProcess();
  const parts: { code: ExitCode } = { code: EXIT.ok };
  const json = argv.includes('--json');
  const output = new Output(io, { json, colour: (io.env['NO_COLOR'] ?? '') === '', secrets: secretsIn(io.env) });
  const execute: Execute = async (command) => {
    const { readConfigFile, withConfigFile } = await import('../settings/config-file.js');
    const configFile = await readConfigFile(io.env);
    const env = withConfigFile(io.env, configFile);
    const catalogFile = program.opts<{ catalog?: string }>().catalog ?? (env['SWP_CATALOG'] === '' ? undefined : env['SWP_CATALOG']);
    parts.code = await command({
      out: output,
      env,
      processEnv: io.env,
      configFile,
      cwd: io.cwd,
      interactive: io.interactive,
      signal: io.signal,
      ...(catalogFile === undefined ? {} : { catalogFile }),
    });
  };
  const program = declare(execute);
  declareCompletion(program, () => declare(execute), execute);
  configureOutput(program, output.streams);
  try {
    // Accept `--json` anywhere; commander requires it before the command.
    await program.parseAsync([...(json ? ['--json'] : []), ...argv.filter((argument) => argument !== '--json')], { from: 'user' });
    return parts.code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    if (io.signal.aborted) return EXIT.interrupted;
    output.error(error);
    if (error instanceof SwpError && error.code === 'client/no-answer') return EXIT.interrupted;
    return error instanceof SwpError ? exitCodeOf(error.kind) : EXIT.failed;
  } finally {
    if ('dispose' in io && typeof io.dispose === 'function') io.dispose();
  }
};
