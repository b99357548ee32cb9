import type { Addresses } from '../addresses.js';
import type { Context } from '../context.js';
import { EXIT, exitCodeOf, type ExitCode } from '../exit-codes.js';
import { stripControls } from '../output/strip-controls.js';
import { pausedIn, viewLines, type PublishView } from './status.js';

const exitOf = (view: PublishView): ExitCode => {
  // The stage may lag a moment behind the problem: the server lists it, the workflow answers for the problem itself.
  const [first] = view.problems;
  if (first !== undefined) return exitCodeOf(first.problem.kind);
  if (pausedIn(view).length > 0) return EXIT.failed;
  if (view.publish.stage === 'awaiting-approval' || view.releases.length > 0) return EXIT.awaitingApproval;
  return view.unpolled === null ? EXIT.ok : EXIT.unavailable;
};

/** Shows the stage of a publish that has not ended, and returns an exit code: that of the problem if the publish is paused. */
export const showRunning = (entry: string, view: PublishView, addresses: Addresses, { out }: Pick<Context, 'out'>): ExitCode => {
  out.data(view, () => stripControls(viewLines(entry, view, { time: out.time, addresses }).join('\n')));
  return exitOf(view);
};
