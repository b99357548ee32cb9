import { examineTarget, type Examination, type Examined, type Unpublished } from '../../activities/examine.js';
import type { Rebuild } from '../../activities/rebuild/result.js';
import { decidedBefore } from '../../activities/rebuild/unbuilt.js';
import { artifactsOf } from '../../catalog/artifacts.js';
import { findEntry } from '../../catalog/load.js';
import { SwpError } from '../../core/error.js';
import { RepoId } from '../../core/ids.js';
import { hubConfigFromEnv, withPatience, type HubConfig } from '../../hub/config.js';
import { openCatalog } from '../catalog.js';
import type { Context } from '../context.js';
import { EXIT, exitCodeOf, type ExitCode } from '../exit-codes.js';
import { progressTeller } from '../output/teller.js';
import { rebuildHere, type Hubs } from '../rebuild.js';
import { rebuildText } from '../rebuild-text.js';
import { sourceHub } from '../source.js';
import { examinationText } from '../verify-text.js';

/** A person waits: the Hub gets this many tries. */
const ATTEMPTS = 4;

export interface VerifyCommand {
  readonly what: string;
  readonly full?: boolean;
  readonly rebuild?: boolean;
  readonly scratch?: string;
}

type Found = (Examination | Unpublished) & { readonly rebuild?: Rebuild };

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

const examine = async (hub: HubConfig, target: RepoId, full: boolean, context: Context): Promise<Examined> => {
  context.out.note(`Reading ${target}.`);
  const { tell, end } = progressTeller(context.out, target);
  try {
    return await examineTarget(hub, target, { full, onProgress: tell, signal: context.signal });
  } finally {
    end();
  }
};

const look = async (hubs: Hubs, target: RepoId, options: VerifyCommand, context: Context): Promise<Found> => {
  const { found, record } = await examine(hubs.hub, target, options.full === true, context);
  if (options.rebuild !== true || !('findings' in found)) return found;
  const decided = decidedBefore(found, record?.provenance ?? null);
  if (decided !== null || record === null) return decided === null ? found : { ...found, rebuild: decided };
  const { provenance } = record;
  return { ...found, rebuild: await rebuildHere(hubs, { examination: found, provenance }, options.scratch, context) };
};

const exitOf = (found: readonly Found[]): ExitCode => {
  const rebuilt = found.flatMap(({ rebuild }) =>
    rebuild?.reason === undefined || rebuild.reason === null ? [] : exitCodeOf(rebuild.reason.kind),
  );
  if (found.some(({ state }) => state === 'differs') || rebuilt.includes(EXIT.integrity)) return EXIT.integrity;
  return rebuilt[0] ?? (found.every(({ state }) => state === 'intact') ? EXIT.ok : EXIT.failed);
};

const textOf = (found: Found, context: Context): string => {
  const { paint } = context.out;
  return [examinationText(found, paint), ...(found.rebuild === undefined ? [] : [rebuildText(found.rebuild, paint)])].join('\n');
};

/** Compares targets with what was published to them, from the Hub alone; on request also with what their sources give here. */
export const verify = async (options: VerifyCommand, context: Context): Promise<ExitCode> => {
  if (options.scratch !== undefined && options.rebuild !== true)
    throw new SwpError('usage', 'client/scratch', 'Without --rebuild nothing is built, so that there is no --scratch.');
  const targets = await targetsOf(options.what, context);
  const onRetry: HubConfig['onRetry'] = (error, waitMs) =>
    context.out.note(`Tried again in ${Math.ceil(waitMs / 1000)} s: ${error.message}`);
  const hub: HubConfig = { ...withPatience(hubConfigFromEnv(context.env), ATTEMPTS), onRetry };
  const hubs = { hub, sourceHub: options.rebuild === true ? { ...sourceHub(context.env), onRetry } : hub };
  const found: Found[] = [];
  for (const target of targets) found.push(await look(hubs, target, options, context));
  context.out.data(found, () => found.map((one) => textOf(one, context)).join('\n\n'));
  for (const { state, rebuild } of found) {
    const hint = state === 'differs' ? null : (rebuild?.reason?.hint ?? null);
    if (hint !== null) context.out.note(hint);
  }
  if (found.some(({ state }) => state === 'differs'))
    context.out.note('Do not load what differs. Find out who wrote to it; a new publish repairs it.');
  return exitOf(found);
};
