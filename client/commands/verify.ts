import { examineTarget, type Examination, type Unpublished } from '../../activities/examine.js';
import { artifactsOf } from '../../catalog/artifacts.js';
import { findEntry } from '../../catalog/load.js';
import { SwpError } from '../../core/error.js';
import { RepoId } from '../../core/ids.js';
import { hubConfigFromEnv, withPatience, type HubConfig } from '../../hub/config.js';
import { openCatalog } from '../catalog.js';
import type { Context } from '../context.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { progressTeller } from '../output/teller.js';
import { examinationText } from '../verify-text.js';

/** A person waits: the Hub gets this many tries. */
const ATTEMPTS = 4;

/** The targets of an entry, or the repository that is named. A name that is both is the entry's. */
const targetsOf = async (name: string, context: Context): Promise<readonly RepoId[]> => {
  const catalog = await openCatalog(context);
  try {
    return artifactsOf(findEntry(catalog, name).entry).map(({ target }) => target);
  } catch (error) {
    const repo = RepoId.safeParse(name);
    if (error instanceof SwpError && error.code === 'catalog/unknown-entry' && repo.success) return [repo.data];
    throw error;
  }
};

const examine = async (hub: HubConfig, target: RepoId, full: boolean, context: Context): Promise<Examination | Unpublished> => {
  context.out.note(`Reading ${target}.`);
  const { tell, end } = progressTeller(context.out, target);
  try {
    return await examineTarget(hub, target, { full, onProgress: tell, signal: context.signal });
  } finally {
    end();
  }
};

const exitOf = (found: readonly (Examination | Unpublished)[]): ExitCode => {
  if (found.some(({ state }) => state === 'differs')) return EXIT.integrity;
  return found.every(({ state }) => state === 'intact') ? EXIT.ok : EXIT.failed;
};

/** Compares targets with what was published to them, from the Hub alone. */
export const verify = async (options: { readonly what: string; readonly full?: boolean }, context: Context): Promise<ExitCode> => {
  const targets = await targetsOf(options.what, context);
  const hub: HubConfig = {
    ...withPatience(hubConfigFromEnv(context.env), ATTEMPTS),
    onRetry: (error, waitMs) => context.out.note(`Tried again in ${Math.ceil(waitMs / 1000)} s: ${error.message}`),
  };
  const found: (Examination | Unpublished)[] = [];
  for (const target of targets) found.push(await examine(hub, target, options.full === true, context));
  context.out.data(found, () => found.map((one) => examinationText(one, context.out.paint)).join('\n\n'));
  if (found.some(({ state }) => state === 'differs'))
    context.out.note('Do not load what differs. Find out who wrote to it; a new publish repairs it.');
  return exitOf(found);
};
