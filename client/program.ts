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

/** The world around one run of `swp`; tests give their own. */
export interface ProcessIo extends Streams {
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  readonly interactive: boolean;
  readonly signal: AbortSignal;
}

const only = new Option('--only <kind>', 'publish this artifact of the entry alone').choices([...ARTIFACT_KINDS]);

const EXIT_CODES = `
Exit codes: 0 ok, 1 failed, 2 usage, 3 invalid catalog or settings,
4 stale plan, 5 unavailable (retry later), 6 access or quota, 7 integrity,
8 awaiting approval, 9 nothing to do, 10 rejected or expired, 130 interrupted.`;

const untilAttention = new Option(
  '--until-attention',
  'stay until it has ended or pauses; the exit code of a pause is that of its problem',
);

/** Declares every command; what one does is loaded only when it is asked for. */
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
    .description('every entry')
    .action(() => execute(async (context) => (await import('./commands/catalog-list.js')).catalogList(context)));
  catalog
    .command('show')
    .argument('<entry>')
    .description('one entry and its artifacts')
    .action((entry: string) => execute(async (context) => (await import('./commands/catalog-show.js')).catalogShow({ entry }, context)));
  catalog
    .command('validate')
    .description('every mistake in every source')
    .action(() => execute(async (context) => (await import('./commands/catalog-validate.js')).catalogValidate(context)));
  catalog
    .command('diff')
    .description('what differs from another catalog, and what that does to the plans; needs no token and no host')
    .requiredOption('--base <path>', 'the skulk-weights.yaml as it was before, or a directory: one with it, or a checkout of SWP')
    .option('--markdown', "as Markdown for a job's summary")
    .action((options: { base: string; markdown?: true }) =>
      execute(async (context) => (await import('./commands/catalog-diff.js')).catalogDiff(options, context)),
    );
  catalog
    .command('sources')
    .description('where entries come from')
    .action(() => execute(async (context) => (await import('./commands/catalog-sources.js')).catalogSources(context)));
  declareCatalogEditing(catalog, execute);

  const names = new Option('--names <which>', 'whose tensor names the sidecar has').choices(['skulk', 'source']).default('skulk');
  const mtp = program.command('mtp').description('look at MTP heads, and try their extraction, without publishing');
  mtp
    .command('inspect')
    .argument('<repo>', 'owner/name, or owner/name@revision: a commit, branch or tag')
    .description('what the sidecar of a checkpoint would hold, from its headers alone')
    .addOption(names)
    .action((repo: string, options: { names: MtpNames }) =>
      execute(async (context) => (await import('./commands/mtp-inspect.js')).mtpInspect({ repo, ...options }, context)),
    );
  mtp
    .command('extract')
    .argument('<repo>', 'owner/name, or owner/name@revision: a commit, branch or tag')
    .description('extract a sidecar into a directory, as a publish would')
    .requiredOption('-o, --output <directory>', 'where mtp.safetensors and mtp.tensors.json go')
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
    .option('--watch', 'stay until it has ended, and without a terminal until it pauses')
    .addOption(untilAttention)
    .option('--review-artifacts', 'wait once more before the upload, for the approval of what was sealed')
    .option('--as <name>', 'who starts it; default: the Hub account of your token, else your login. A claim, not a proof')
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
    .option('--markdown', "as Markdown for a job's summary, with the command that approves it")
    .action((entry: string, options: { markdown?: true }) =>
      execute(async (context) => (await import('./commands/plan.js')).plan({ entry, ...options }, context)),
    );
  for (const verdict of ['approve', 'reject'] as const) {
    program
      .command(verdict)
      .argument('<entry>')
      .description(`${verdict} exactly the plan that waits, or what was sealed under it`)
      .option('--plan <digest>', `of the plan that was read, ${DIGITS}; without a terminal it must be given`)
      .addOption(new Option('--manifest <digest>', `of what was sealed, ${DIGITS}; in place of --plan`).conflicts('plan'))
      .option('--as <name>', 'who decides; default: the Hub account of your token, else your login. A claim, not a proof')
      .option('--note <text>', 'kept with the decision')
      .action((entry: string, options: { plan?: string; manifest?: string; as?: string; note?: string }) =>
        execute(async (context) => (await import('./commands/decide.js')).decide({ entry, verdict, ...options }, context)),
      );
  }
  program
    .command('status')
    .argument('[entry]')
    .description('where a publish stands, or all that run')
    .option('--watch', 'stay until it has ended, and without a terminal until it pauses; Ctrl-C leaves it as it is')
    .addOption(untilAttention)
    .action((entry: string | undefined, options: { watch?: true; untilAttention?: true }) =>
      execute(async (context) =>
        (await import('./commands/status.js')).status({ ...(entry === undefined ? {} : { entry }), ...options }, context),
      ),
    );
  program
    .command('pending')
    .description('everything that waits for a person, with the command that decides it; the list may lag a moment behind')
    .action(() => execute(async (context) => (await import('./commands/pending.js')).pending(context)));
  program
    .command('history')
    .argument('<entry>')
    .description('the publishes of an entry that the server still knows: how each ended, who decided, what it committed')
    .option('--limit <n>', 'so many of the newest', wholeNumber(1), 10)
    .action((entry: string, options: { limit: number }) =>
      execute(async (context) => (await import('./commands/history.js')).history({ entry, ...options }, context)),
    );
  program
    .command('retry')
    .argument('<entry>')
    .description('do the failed step of a paused publish again')
    .option('--note <text>', 'kept in the history')
    .action((entry: string, options: { note?: string }) =>
      execute(async (context) => (await import('./commands/resolve.js')).resolve({ entry, action: 'retry', ...options }, context)),
    );
  program
    .command('abandon')
    .argument('<entry>')
    .description('give up a paused publish; asks first')
    .option('--note <text>', 'kept in the history')
    .option('--yes', 'without asking; needed without a terminal')
    .action((entry: string, options: { note?: string; yes?: true }) =>
      execute(async (context) => (await import('./commands/resolve.js')).resolve({ entry, action: 'abandon', ...options }, context)),
    );
  program
    .command('move')
    .argument('<entry>')
    .description('send what is paused, or whose host is gone, to another host')
    .option('--from <host>', 'what is on this host, even while it works: what it does is stopped')
    .option('--note <text>', 'kept in the history')
    .action((entry: string, options: { from?: string; note?: string }) =>
      execute(async (context) => (await import('./commands/move.js')).move({ entry, ...options }, context)),
    );
  program
    .command('cancel')
    .argument('<entry>')
    .description('end a publish; asks first. What is committed already stays published')
    .option('--yes', 'without asking; needed without a terminal')
    .action((entry: string, options: { yes?: true }) =>
      execute(async (context) => (await import('./commands/cancel.js')).cancel({ entry, ...options }, context)),
    );
  program
    .command('verify')
    .argument('[what]', 'an entry, or a target as owner/name; without it, all of the catalog by what the Hub lists')
    .description('compare targets with what was published to them; needs the Hub alone, and a token that may read them')
    .option('--full', 'read every byte back, not a sample')
    .option('--rebuild', 'build the payload again here from its pinned source, and compare every byte')
    .option('--scratch <directory>', 'build it in here, and delete it afterwards; default: where the system keeps temporary files')
    .option('--markdown', "of all of the catalog, as Markdown for a job's summary")
    .action((what: string | undefined, options: { full?: true; rebuild?: true; scratch?: string; markdown?: true }) =>
      execute(async (context) =>
        (await import('./commands/verify.js')).verify({ ...(what === undefined ? {} : { what }), ...options }, context),
      ),
    );
  declareCampaign(program, execute);
  declareSchedule(program, execute);
  declareMachine(program, execute);
  declareConfig(program, execute);
  return program;
};

/** As wide as help is where nothing else is known. */
const USUAL_COLUMNS = 80;
/** Columns for the text beside the names of commands, below which words are broken. */
const LEAST_HELP = 20;

const settle = (program: Command, streams: Streams): void => {
  for (const command of [program, ...program.commands, ...program.commands.flatMap((sub) => sub.commands)]) {
    command
      .exitOverride()
      .configureHelp({ minWidthToWrap: LEAST_HELP })
      .configureOutput({
        writeOut: (text) => void streams.out.write(fold(text, streams.out.columns)),
        writeErr: (text) => void streams.err.write(fold(text, streams.err.columns)),
        getOutHelpWidth: () => streams.out.columns ?? USUAL_COLUMNS,
        getErrHelpWidth: () => streams.err.columns ?? USUAL_COLUMNS,
      });
  }
};

const processWorld = (): ProcessIo & { readonly dispose: () => void } => {
  const controller = new AbortController();
  const stop = (): void => controller.abort(new SwpError('internal', 'client/interrupted', 'Interrupted.'));
  // A second Ctrl-C ends the process at once.
  process.once('SIGINT', stop).once('SIGTERM', stop);
  // A reader that went away (`| head`) is no error of ours.
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

/** Runs `swp` with these arguments and answers its exit code. Never throws. */
export const run = async (argv: readonly string[], given?: ProcessIo): Promise<number> => {
  const world = given ?? processWorld();
  const parts: { code: ExitCode } = { code: EXIT.ok };
  const json = argv.includes('--json');
  const output = new Output(world, { json, colour: (world.env['NO_COLOR'] ?? '') === '', secrets: secretsIn(world.env) });
  const execute: Execute = async (command) => {
    const { readConfigFile, withConfigFile } = await import('../settings/config-file.js');
    const env = withConfigFile(world.env, await readConfigFile(world.env));
    const catalogFile = program.opts<{ catalog?: string }>().catalog ?? (env['SWP_CATALOG'] === '' ? undefined : env['SWP_CATALOG']);
    parts.code = await command({
      out: output,
      env,
      processEnv: world.env,
      cwd: world.cwd,
      interactive: world.interactive,
      signal: world.signal,
      ...(catalogFile === undefined ? {} : { catalogFile }),
    });
  };
  const program = declare(execute);
  declareCompletion(program, () => declare(execute), execute);
  settle(program, output.streams);
  try {
    // `--json` may stand anywhere; commander wants it before the command.
    await program.parseAsync([...(json ? ['--json'] : []), ...argv.filter((argument) => argument !== '--json')], { from: 'user' });
    return parts.code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    if (world.signal.aborted) return EXIT.interrupted;
    output.error(error);
    if (error instanceof SwpError && error.code === 'client/no-answer') return EXIT.interrupted;
    return error instanceof SwpError ? exitCodeOf(error.kind) : EXIT.failed;
  } finally {
    if ('dispose' in world && typeof world.dispose === 'function') world.dispose();
  }
};
