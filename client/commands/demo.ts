import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SwpError } from '../../core/error.js';
import { DEMO } from '../../dev/sandbox/seed.js';
import { startSandbox, type Sandbox } from '../../dev/sandbox/sandbox.js';
import { DecisionMessage, shortDigest } from '../../plan/decision.js';
import { planText } from '../../plan/render/terminal.js';
import { BASE_QUEUE, publishId } from '../../contract/names.js';
import { addressesOf } from '../addresses.js';
import { snapshotOf } from '../catalog.js';
import type { PublishResult } from '../../contract/results.js';
import type { Context } from '../context.js';
import { type ExitCode } from '../exit-codes.js';
import { ask } from '../prompt.js';
import { withTemporal } from '../publish/connect.js';
import { sendDecision } from '../../temporal/send-decision.js';
import { untilDecidable } from '../publish/follow.js';
import { explainEnd } from '../../temporal/explain-end.js';
import { exitOf, resultLines } from '../publish/outcome.js';
import { publishResult } from '../../temporal/running.js';
import { loginReviewer } from '../publish/reviewer.js';
import { readSettings } from '../../settings/settings.js';
import { startPublish } from '../../temporal/start-publish.js';

const PLAN_DEADLINE_MS = 60_000;

const publishedIn = ({ artifacts }: PublishResult): string[] =>
  artifacts.flatMap(({ result }) => (result.outcome === 'published' ? [result.receipt.target] : []));

const publish = (sandbox: Sandbox, yes: boolean, context: Context): Promise<ExitCode> =>
  withTemporal({ ...context, env: { ...context.env, ...sandbox.settings } }, async (temporal) => {
    const { client } = temporal;
    const addresses = addressesOf({ ...context.env, ...sandbox.settings }, temporal);
    const entry = await snapshotOf({ ...context, catalogFile: sandbox.settings['SWP_CATALOG'] ?? '' }, DEMO.entry);
    const id = publishId(entry.name);
    await startPublish(client, { entry, only: [] }, BASE_QUEUE);
    const { running, plan } = await untilDecidable(client, entry.name, PLAN_DEADLINE_MS, context);
    if (plan === null || running.stage !== 'awaiting-approval')
      throw new SwpError(
        'internal',
        'demo/no-plan',
        `The publish of the demo is ${running.stage ?? running.status}, but should wait for an approval.`,
      );
    context.out.note(`\n${planText(plan, context.out.paint)}\n`);
    const approves = yes || (await ask(`Approve plan ${shortDigest(plan.digest)}?`, context.signal));
    const who = yes ? { reviewer: 'demo --yes' } : loginReviewer(context.env);
    const message = DecisionMessage.parse({ plan: plan.digest, verdict: approves ? 'approve' : 'reject', ...who });
    await sendDecision(client, running, plan.round, plan.digest, message);
    context.out.note(approves ? 'Approved. Building, uploading, committing, verifying.' : 'Rejected.');
    try {
      const result = await publishResult(client, running);
      const page = addresses.workflow(id);
      context.out.data({ result, ui: page, hub: sandbox.hub.url }, () =>
        [
          ...resultLines(result, [], addresses),
          '',
          `Web UI     ${page ?? 'none'}`,
          ...publishedIn(result).map((target) => `Published  ${addresses.repo(target)}`),
        ].join('\n'),
      );
      return exitOf(result);
    } catch (error) {
      throw explainEnd(error);
    }
  });

/** Publishes synthetic weights on this machine, from plan to verification. */
export const demo = async ({ yes }: { readonly yes?: boolean }, context: Context): Promise<ExitCode> => {
  if (yes !== true && !context.interactive)
    throw new SwpError('usage', 'demo/needs-yes', 'Without a terminal to ask on, the demo needs --yes to approve its plan.', {
      hint: 'npm run demo -- --yes',
    });
  readSettings(context.env);
  const directory = await mkdtemp(join(tmpdir(), 'swp-demo-'));
  context.out.note('Starting Temporal, a local hub with synthetic checkpoints, and both workers.');
  const sandbox = await startSandbox({
    directory,
    ports: { temporal: 0, ui: 0, hub: 0 },
    env: context.env,
    note: (line) => context.out.note(line),
  });
  try {
    const code = await publish(sandbox, yes === true, context);
    if (context.interactive && yes !== true) {
      context.out.note('\nThe demo keeps running, so that you can look around. Ctrl-C ends it.');
      await once(context.signal, 'abort');
    }
    return code;
  } finally {
    await sandbox.close();
    await rm(directory, { recursive: true, force: true });
  }
};
