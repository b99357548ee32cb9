import { access, mkdir, rename, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { THIS_MACHINE } from '../../core/this-machine.js';
import { withOnRetry } from '../../hub/hub.js';
import { extractMtp } from '../../publish/build/mtp/extract-mtp.js';
import { SwpError } from '../../core/error.js';
import { formatBytes, plural } from '../../core/text.js';
import type { MtpNames } from '../../formats/mtp/naming.js';
import { digestOf } from '../../core/digests.js';
import { shortDigest } from '../../plan/decision.js';
import { MTP_PAYLOAD, MTP_PAYLOAD_FILES, mtpReading, mtpRecipe } from '../../plan/plan-mtp.js';
import { capacityOf } from '../../publish/scratch/capacity.js';
import { readSettings } from '../../settings/settings.js';
import type { Context } from '../context.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { isBlocked, mtpReport, mtpReportText } from '../mtp/inspection-report.js';
import { openMtpSource } from '../mtp/open-mtp-source.js';

const NOTE_MS = 5_000;

/** Throws if an output file exists: never overwrites one. */
const refuseExisting = async (directory: string): Promise<void> => {
  for (const path of MTP_PAYLOAD_FILES) {
    const there = await access(join(directory, path)).then(
      () => true,
      () => false,
    );
    if (there)
      throw new SwpError('conflict', 'client/exists', `${join(directory, path)} already exists.`, {
        hint: 'Name another directory with -o, or move the file away.',
      });
  }
};

/** Throws if the disk is too full. The files of an earlier run count as free: they are used again or overwritten. */
const refuseFullDisk = async (directory: string, needed: number): Promise<void> => {
  const free = await capacityOf(THIS_MACHINE.files, directory);
  if (free < needed)
    throw new SwpError(
      'quota',
      'scratch/full',
      `${directory} has ${formatBytes(free)} free, but the extraction needs ${formatBytes(needed)}.`,
      {
        hint: 'Free space there, or name a directory on another disk with -o.',
      },
    );
};

export interface MtpExtractOptions {
  readonly repo: string;
  readonly output: string;
  readonly names: MtpNames;
}

/** Extracts a sidecar into a directory as a publish would, without Temporal and without a target. */
export const mtpExtract = async ({ repo, output, names }: MtpExtractOptions, context: Context): Promise<ExitCode> => {
  const directory = resolve(context.cwd, output);
  await refuseExisting(directory);
  const { hub, source, selection } = await openMtpSource(repo, names, context);
  if (isBlocked(selection)) {
    const report = mtpReport(source, selection, readSettings(context.env).proveShards);
    context.out.data(report, () => mtpReportText(report, context.out.paint));
    context.out.note('\nNothing was extracted: the problems in the report block it.');
    return EXIT.failed;
  }
  const { proof, estimate } = mtpReading(selection, source, readSettings(context.env).proveShards);
  for (const problem of selection.problems) context.out.warn(`${problem.code}: ${problem.message}`);
  const recipeDigest = digestOf(mtpRecipe(source, selection));
  // Name the directory after the recipe: another source or naming scheme must not continue from these files.
  const partial = join(directory, `.mtp-${shortDigest(recipeDigest)}.partial`);
  await mkdir(partial, { recursive: true });
  await refuseFullDisk(partial, estimate.scratchBytes);
  let notedAt = Date.now();
  const { sha256 } = await extractMtp({
    hub: withOnRetry(hub, (error) => context.out.note(`Retrying: ${error.message}`)),
    source,
    selection,
    proof,
    directory: partial,
    signal: context.signal,
    onProgress: (done, total) => {
      if (Date.now() - notedAt < NOTE_MS) return;
      notedAt = Date.now();
      context.out.note(`${formatBytes(done)} of ${formatBytes(total)} read`);
    },
  }).catch((error: unknown) => {
    context.out.note(`The data that was read is kept in ${partial}: run the same command again to continue.`);
    throw error;
  });
  for (const path of MTP_PAYLOAD_FILES) await rename(join(partial, path), join(directory, path));
  await rm(partial, { recursive: true, force: true });
  const { size } = selection.layout;
  const result = {
    source: { repo: source.repo, commit: source.commit },
    recipeDigest,
    proof,
    names,
    directory,
    files: MTP_PAYLOAD_FILES,
    sha256,
    size,
  };
  context.out.data(result, () =>
    [
      `${join(directory, MTP_PAYLOAD)}: ${plural(selection.outputs.length, 'tensor')}, ${formatBytes(size)}`,
      `sha256 ${sha256}`,
      `source proven by ${proof}`,
    ].join('\n'),
  );
  return EXIT.ok;
};
