import type { ArtifactKind } from '../../core/ids.js';
import { SwpError } from '../../core/error.js';
import { artifactsOf } from '../../catalog/artifacts.js';
import { planText } from '../../plan/render/terminal.js';
import { decideCommand } from '../../plan/render/words.js';
import { readSettings } from '../../settings/settings.js';
import type { PublishInput } from '../../contract/results.js';
import { publishId } from '../../contract/names.js';
import { addressesOf } from '../addresses.js';
import { snapshotOf } from '../catalog.js';
import type { Context } from '../context.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { stripControls } from '../output/strip-controls.js';
import { withTemporal } from '../publish/connect.js';
import { untilDecidable } from '../publish/follow.js';
import { explainEnd } from '../../temporal/explain-end.js';
import { exitOf, resultLines } from '../publish/outcome.js';
import { findPublish, publishResult } from '../../temporal/running.js';
import { showRunning } from '../publish/show-running.js';
import { findReviewer, starterName } from '../publish/reviewer.js';
import { startPublish } from '../../temporal/start-publish.js';
import { watchPublish } from '../publish/watch.js';

export interface StartOptions {
  readonly entry: string;
  readonly only?: ArtifactKind;
  readonly dryRun?: boolean;
  readonly watch?: boolean;
  readonly untilAttention?: boolean;
  readonly reviewArtifacts?: boolean;
  readonly as?: string;
}

/** Longer than the two minutes after which planning reports that no high-memory host answered. */
const PLAN_DEADLINE_MS = 150_000;

const inputOf = async (options: StartOptions, context: Context): Promise<PublishInput> => {
  const entry = await snapshotOf(context, options.entry);
  const kinds = artifactsOf(entry.entry).map(({ kind }) => kind);
  if (options.only !== undefined && !kinds.includes(options.only)) {
    throw new SwpError('usage', 'client/no-such-artifact', `${entry.name} has no ${options.only}: it has ${kinds.join(', ')}.`);
  }
  return {
    entry,
    only: options.only === undefined ? [] : [options.only],
    ...(options.reviewArtifacts === true ? { reviewArtifacts: true } : {}),
  };
};

/** Starts a publish and waits until its plan can be read; `--watch` waits until it has ended. */
export const start = async (options: StartOptions, context: Context): Promise<ExitCode> => {
  const input = await inputOf(options, context);
  if (options.dryRun === true) return (await import('./dry-run.js')).dryRun(input, context);
  return withTemporal(context, async (temporal) => {
    const { client } = temporal;
    const addresses = addressesOf(context.env, temporal);
    const { name } = input.entry;
    const startedBy = starterName(await findReviewer(options.as, context));
    const before = await findPublish(client, name);
    const run = await startPublish(client, { ...input, startedBy }, readSettings(context.env).taskQueue);
    const page = addresses.workflow(publishId(name));
    const state =
      before?.runId === run
        ? `A publish of ${name} already runs (started ${context.out.time(before.startedAt)}). Showing it, with the options that it was started with.`
        : `Started ${name}. Reading source and target…`;
    context.out.note(`${state}${page === null ? '' : `\nSee it: ${page}`}`);
    const { running, plan } = await untilDecidable(client, name, PLAN_DEADLINE_MS, context);
    if (!running.isOpen || options.watch === true || options.untilAttention === true) {
      if (plan !== null) context.out.note(planText(plan, { ...context.out.paint }));
      const view = await watchPublish(client, name, { ...options, addresses }, context);
      if (view.publish.isOpen) return showRunning(name, view, addresses, context);
      const { publish, decisions } = view;
      try {
        const result = await publishResult(client, publish);
        context.out.data(result, () => stripControls(resultLines(result, decisions, addresses).join('\n')));
        return exitOf(result);
      } catch (error) {
        throw explainEnd(error);
      }
    }
    context.out.data({ entry: name, workflow: running.id, run: running.runId, stage: running.stage, plan }, () =>
      plan === null ? `${name}: ${running.stage}` : planText(plan, context.out.paint),
    );
    if (running.stage === 'awaiting-approval' && plan !== null)
      context.out.note(`\nApprove exactly this plan: ${decideCommand('approve', name, 'plan', plan.digest)}`);
    if (running.stage === 'needs-attention') context.out.note(`\nPaused: needs attention. See why: swp status ${name}`);
    if (running.stage === 'awaiting-approval') return EXIT.awaitingApproval;
    return running.stage === 'needs-attention' ? EXIT.failed : EXIT.ok;
  });
};
