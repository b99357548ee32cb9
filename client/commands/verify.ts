import { examineTarget, readSample, type Examination, type Examined, type Unpublished } from '../../publish/verify/examine-target.js';
import type { Rebuild } from '../../publish/verify/rebuild/result.js';
import { WRONG_BYTES_ADVICE } from '../../publish/verify/verify-published.js';
import { resultWithoutRebuild } from '../../publish/verify/rebuild/unbuilt.js';
import { unreadableFindings } from '../../publish/verify/fleet/check-targets.js';
import { checkSource } from '../../publish/verify/fleet/check-source.js';
import { SharedSource } from '../../publish/verify/fleet/shared-source.js';
import { artifactsOf } from '../../catalog/artifacts.js';
import type { FleetTarget } from '../../catalog/fleet.js';
import { findEntry } from '../../catalog/load.js';
import { SwpError } from '../../core/error.js';
import { RepoId } from '../../core/ids.js';
import { withOnRetry, type Hub, type OnRetry } from '../../hub/hub.js';
import { isIntegrity, levelOf, type Finding } from '../../plan/findings/finding.js';
import { readSettings } from '../../settings/settings.js';
import { openCatalog } from '../catalog.js';
import type { Context } from '../context.js';
import { EXIT, exitCodeOf, type ExitCode } from '../exit-codes.js';
import { hubOf } from '../hub-of.js';
import { openProgressLine } from '../output/progress-line.js';
import { rebuildHere, type Hubs } from '../rebuild.js';
import { rebuildText } from '../rebuild-text.js';
import { sourceHub } from '../open-source.js';
import { verifyAll } from '../verify-all.js';
import { examinationText } from '../verify-text.js';

interface VerifyOne {
  readonly full?: boolean;
  readonly rebuild?: boolean;
  readonly scratch?: string;
}

export interface VerifyCommand extends VerifyOne {
  /** An entry or a target; if absent, everything that the catalog publishes. */
  readonly entryOrTarget?: string;
  readonly markdown?: boolean;
}

type VerifiedTarget = (Examination | Unpublished) & { readonly source: readonly Finding[]; readonly rebuild?: Rebuild };

/** A target with the data of its entry, or a repository that the user named, without them. */
type VerifyTarget = Pick<FleetTarget, 'target'> | FleetTarget;

/** Returns the targets of the named entry, or the named repository. A name that is both counts as the entry. */
const targetsOf = async (name: string, context: Context): Promise<readonly VerifyTarget[]> => {
  const catalog = await openCatalog(context);
  try {
    const { name: full, entry } = findEntry(catalog, name);
    return artifactsOf(entry).map((artifact) => ({ ...artifact, entry: full }));
  } catch (error) {
    const repo = RepoId.safeParse(name);
    if (!(error instanceof SwpError) || error.code !== 'catalog/unknown-entry' || !repo.success) throw error;
    if (error.hint?.startsWith('Did you mean') === true) context.out.note(`${error.message} Treating it as a repository. ${error.hint}`);
    return [{ target: repo.data }];
  }
};

const examine = async (hub: Hub, target: RepoId, full: boolean, context: Context): Promise<Examined> => {
  const { publishers } = readSettings(context.env);
  context.out.note(`Reading ${target}.`);
  const { update, end } = openProgressLine(context.out, target);
  try {
    return await examineTarget(hub, target, { read: readSample(full), publishers, onProgress: update, signal: context.signal });
  } finally {
    end();
  }
};

/** Returns the findings about the source of an entry's target. A source that cannot be read is a finding, too: it must not hide the others. */
const sourceFindings = async (hub: Hub, wanted: VerifyTarget, examined: Examined, { signal }: Context): Promise<readonly Finding[]> => {
  if (!('source' in wanted) || !('visible' in examined)) return [];
  try {
    return await checkSource(hub, wanted, examined, new SharedSource(hub, wanted, signal), signal);
  } catch (error) {
    signal.throwIfAborted();
    return unreadableFindings(error);
  }
};

const verifyTarget = async (hubs: Hubs, wanted: VerifyTarget, options: VerifyOne, context: Context): Promise<VerifiedTarget> => {
  const examined = await examine(hubs.hub, wanted.target, options.full === true, context);
  const { record } = examined;
  const source = await sourceFindings(hubs.hub, wanted, examined, context);
  const found = { ...examined.found, source };
  if (options.rebuild !== true || !('findings' in found)) return found;
  const decided = resultWithoutRebuild(found, record?.provenance ?? null);
  if (decided !== null || record === null) return decided === null ? found : { ...found, rebuild: decided };
  const { provenance } = record;
  return { ...found, rebuild: await rebuildHere(hubs, { examination: found, provenance }, options.scratch, context) };
};

const exitOf = (found: readonly VerifiedTarget[]): ExitCode => {
  const rebuilt = found.flatMap(({ rebuild }) =>
    rebuild?.reason === undefined || rebuild.reason === null ? [] : exitCodeOf(rebuild.reason.kind),
  );
  if (found.some(({ state }) => state === 'differs') || rebuilt.includes(EXIT.integrity)) return EXIT.integrity;
  const areIntact = found.every(({ state, source }) => state === 'intact' && source.every((one) => levelOf(one) === 'info'));
  return rebuilt[0] ?? (areIntact ? EXIT.ok : EXIT.failed);
};

const textOf = (found: VerifiedTarget, hub: Hub, { out: { paint } }: Context): string => {
  return [
    examinationText(found, found.source, hub, paint),
    ...(found.rebuild === undefined ? [] : [rebuildText(found.rebuild, paint)]),
  ].join('\n');
};

/** Compares targets with what was published to them, using only the Hub; on request, also with a rebuild from their sources. */
export const verify = async (options: VerifyCommand, context: Context): Promise<ExitCode> => {
  if (options.scratch !== undefined && options.rebuild !== true)
    throw new SwpError('usage', 'client/scratch', '--scratch works only with --rebuild: without it, nothing is built.');
  const onRetry: OnRetry = (error, waitMs) => context.out.note(`Retrying in ${Math.ceil(waitMs / 1000)} s: ${error.message}`);
  const hub = withOnRetry(hubOf(context.env), onRetry);
  if (options.entryOrTarget === undefined) return verifyAll(hub, options, context);
  if (options.markdown === true)
    throw new SwpError('usage', 'client/markdown', '--markdown works only for the whole catalog: leave the name out.');
  const targets = await targetsOf(options.entryOrTarget, context);
  const hubs = { hub, sourceHub: options.rebuild === true ? withOnRetry(sourceHub(context.env), onRetry) : hub };
  const found: VerifiedTarget[] = [];
  for (const target of targets) found.push(await verifyTarget(hubs, target, options, context));
  context.out.data(found, () => found.map((one) => textOf(one, hub, context)).join('\n\n'));
  for (const { state, rebuild } of found) {
    const hint = state === 'differs' ? null : (rebuild?.reason?.hint ?? null);
    if (hint !== null) context.out.note(hint);
  }
  const wrong = found.flatMap((one) => ('findings' in one ? one.findings.filter(isIntegrity) : []));
  if (found.some(({ state }) => state === 'differs'))
    context.out.note(
      `Do not load targets that differ. ${wrong.every(({ code }) => code === 'bytes-differ') ? WRONG_BYTES_ADVICE : 'Find out who wrote to them; a new publish repairs them.'}`,
    );
  return exitOf(found);
};
