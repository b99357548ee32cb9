import type { PublishInput } from '../../contract/results.js';
import { planText } from '../../plan/render/terminal.js';
import type { Context } from '../context.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { hubName } from '../hub-name.js';
import { plannerHere } from '../plan-here.js';

/** Plans on this machine, with its tokens and disk, and starts nothing. */
export const dryRun = async ({ entry, only }: PublishInput, { env, out, signal }: Context): Promise<ExitCode> => {
  const { hub, plan } = plannerHere(env, signal);
  const { digest, entryPlan, artifacts, volatile, shown } = await plan(entry, only);
  out.data({ digest, entryPlan, artifacts, volatile }, () => planText(shown, out.paint));
  out.note(`\nDry run with the data of ${hubName(hub)}: nothing was started and nothing was written.`);
  const actions = artifacts.map(({ action }) => action);
  if (actions.includes('blocked')) return EXIT.failed;
  return actions.every((action) => action === 'unchanged') ? EXIT.nothingToDo : EXIT.ok;
};
