import { planAddition, writeAddition, type Addition } from '../../catalog/add-entry.js';
import { entryYaml } from '../../catalog/append-entry.js';
import { sourceDefaults, outputsOf, sidecarsOf } from '../../catalog/source-defaults.js';
import type { Catalog } from '../../catalog/load.js';
import { SwpError } from '../../core/error.js';
import { sameRepo } from '../../core/ids.js';
import type { MtpNames } from '../../formats/mtp/naming.js';
import type { VindexQuant, VindexSlice } from '../../formats/vindex/extract-options.js';
import { detect } from '../../plan/proposal/detect.js';
import { proposeEntry, type Proposed } from '../../plan/proposal/propose.js';
import { catalogOptions, openCatalog } from '../catalog.js';
import type { Context } from '../context.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { sourceHub } from '../open-source.js';
import { stripControls } from '../output/strip-controls.js';
import { ask, mayPrompt } from '../prompt.js';
import { readProposal, type Wanted } from '../proposal/read-proposal.js';
import { overridesOf, type Overrides } from '../proposal/overrides.js';
import { namespaceOf, sourceOf } from '../proposal/where.js';
import { offerLines, offersOf, type Offer } from '../proposal/show-proposal.js';

export interface AddOptions extends Wanted, Overrides {
  readonly source?: string;
  readonly namespace?: string;
  readonly quant?: VindexQuant;
  readonly slice?: VindexSlice;
  readonly names?: MtpNames;
  readonly yes?: true;
  readonly dryRun?: true;
}

const nothing = ({ model, only }: AddOptions, offers: readonly Offer[]): SwpError => {
  const why = offers.filter(({ part, found }) => found === null && part !== 'assistant' && (only === undefined || part === only));
  return new SwpError(
    'not-found',
    'client/nothing-to-publish',
    `${model} has ${only === undefined ? 'nothing' : `no ${only}`} that SWP can publish:\n${why.map(({ part, notes }) => `  ${part}: ${notes.join(' ')}`).join('\n')}`,
    { hint: 'Give the original checkpoint, or the repositories of the MTP heads and the vision encoder: --mtp-from, --vision-source.' },
  );
};

/** Returns warnings about entries that publish the same slice of the same model: publishing it again is rarely intended. */
const alreadyThere = ({ entries }: Catalog, proposed: Proposed | null): string[] => {
  const model = proposed?.source_model;
  if (typeof model !== 'string') return [];
  const built = [proposed?.slices].flat()[0];
  return [...entries.values()]
    .filter(({ entry }) => entry.source_model !== undefined && sameRepo(entry.source_model, model))
    .filter(({ entry }) => entry.slices?.[0] === built && entry.quant === proposed?.quant)
    .map(({ name, entry }) => `${name} already publishes this vindex, in ${entry.hf_repo}.`);
};

const propose = async (
  options: AddOptions,
  catalog: Catalog,
  source: string,
  context: Context,
): Promise<{ addition: Addition; offers: Offer[] }> => {
  const namespace = await namespaceOf(catalog, source, options.namespace, context);
  const overrides = overridesOf({ ...sourceDefaults(catalog, source), ...options });
  const { facts, pinned, notes } = await readProposal(sourceHub(context.env), options, context.signal);
  const detected = detect(facts, options);
  const offers = offersOf(detected);
  const proposed = proposeEntry(detected, {
    namespace,
    ...(options.only === undefined ? {} : { only: options.only }),
    sidecars: sidecarsOf(catalog),
    outputs: outputsOf(catalog),
    pinned,
  });
  // With `--json` they are part of the report, and without a proposal they are part of the error.
  if (!context.out.json && proposed !== null) for (const line of offerLines(facts, offers)) context.out.note(line);
  for (const note of [...notes, ...alreadyThere(catalog, proposed)]) context.out.warn(note);
  if (proposed === null) throw nothing(options, offers);
  const fields = { ...proposed, ...overrides };
  return { addition: await planAddition(catalogOptions(context), catalog, source, fields), offers };
};

/** Proposes an entry from the facts of a model on the Hub and, unless it is a dry run, appends it to a catalog of the operator. */
export const catalogAdd = async (options: AddOptions, context: Context): Promise<ExitCode> => {
  const { out } = context;
  const write = options.dryRun !== true;
  if (write && options.yes !== true && !mayPrompt(context))
    throw new SwpError('usage', 'client/yes-needed', 'Without a terminal to ask on, adding an entry needs --yes.', {
      hint: 'Look at it first: --dry-run prints the entry and writes nothing.',
    });
  const catalog = await openCatalog(context);
  const source = await sourceOf(catalog, options.source, context);
  const { addition, offers } = await propose(options, catalog, source, context);
  const { file, added } = addition;
  const report = { name: added.name, file, line: added.line, written: write, entry: added.entry, offers };
  const show = (): void => out.data(report, () => stripControls(entryYaml(added.entry)));
  const asks = write && options.yes !== true;
  if (asks || !write) show();
  if (!write) return EXIT.ok;
  if (asks && !(await ask(`Add this to ${file}?`, context.signal))) {
    out.note('Nothing was written.');
    return EXIT.nothingToDo;
  }
  await writeAddition(addition);
  if (!asks) show();
  out.note(`\nAdded ${added.name} at ${file}:${added.line}. See its plan: swp start ${added.name} --dry-run`);
  return EXIT.ok;
};
