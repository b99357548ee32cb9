import { probeHost } from '../../publish/facts/probe-host.js';
import { planEntry } from '../../publish/planning/plan-entry.js';
import { HostLarql } from '../../publish/facts/host-larql.js';
import { scratchIn } from '../../publish/scratch/scratch-layout.js';
import { capacityOf } from '../../publish/scratch/capacity.js';
import { artifactsOf, writtenBy } from '../../catalog/artifacts.js';
import { RateLimiter } from '../../core/rate-limiter.js';
import { hubConfigFromEnv, withPatience, withToken } from '../../hub/config.js';
import { planText } from '../../plan/render/terminal.js';
import { readSettings } from '../../settings/settings.js';
import { swpTools } from '../../publish/planning/tools.js';
import type { PublishInput } from '../../contract/results.js';
import type { Context } from '../context.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { hubName } from '../hub-name.js';

/** Attempts per Hub request. A person waits, so give up early; a worker retries for as long as it takes. */
const ATTEMPTS = 4;

/** Plans on this machine, with its tokens and disk, and starts nothing. */
export const dryRun = async (input: PublishInput, context: Context): Promise<ExitCode> => {
  const settings = readSettings(context.env);
  const hub = withPatience(hubConfigFromEnv(context.env), ATTEMPTS);
  const wanted = artifactsOf(input.entry.entry, input.only);
  const layout = scratchIn(settings.scratch);
  const host = await probeHost(
    {
      host: 'this machine',
      writeHub: settings.uploadRate === null ? hub : { ...hub, uploadLimiter: new RateLimiter(settings.uploadRate) },
      sourceHub: settings.sourceToken === null ? hub : withToken(hub, settings.sourceToken),
      targets: settings.targets,
      capacity: () => capacityOf(layout.root),
      larql: new HostLarql(context.env, layout, settings.larql),
    },
    {
      sources: wanted.map(({ source, revision }) => ({ repo: source, revision: revision ?? null })),
      targets: writtenBy(wanted),
      larql: wanted.some(({ kind }) => kind === 'vindex'),
    },
    context.signal,
  );
  const planned = await planEntry(
    {
      hub,
      tools: swpTools(),
      proveShards: settings.proveShards,
      decideWithinMs: settings.decideWithinMs,
      approvals: settings.approvals,
    },
    { entry: input.entry, only: input.only, round: 1, host, previous: [] },
    context.signal,
  );
  context.out.data({ digest: planned.digest, entryPlan: planned.entryPlan, artifacts: planned.artifacts, volatile: planned.volatile }, () =>
    planText(planned.shown, context.out.paint),
  );
  context.out.note(`\nDry run with the data of ${hubName(hub)}: nothing was started and nothing was written.`);
  const actions = planned.artifacts.map(({ action }) => action);
  if (actions.includes('blocked')) return EXIT.failed;
  return actions.every((action) => action === 'unchanged') ? EXIT.nothingToDo : EXIT.ok;
};
