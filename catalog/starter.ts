import { mkdir, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { messageOf, SwpError } from '../core/error.js';
import { faultOf } from '../core/faults.js';
import { SETTINGS_NAME } from './load.js';
import { SourceLine } from './settings-file.js';

const CATALOG_NAME = 'catalog.yaml';

const settingsText = (
  source: string,
): string => `# Where swp finds your catalog entries: here, or in a directory above the one that it runs in.
# Check with: swp catalog validate
sources:
  # Entries of this file are called ${source}/<key>.
  - name: ${source}
    path: ${CATALOG_NAME}

# Without this line the built-in entries, foxlight/<key>, are in the catalog too.
include_foxlight: false
`;

const catalogText = (
  source: string,
): string => `# What you publish. \`swp catalog add <owner/name>\` proposes an entry for a model and adds it below; comments stay.
models: []

# An entry by hand, here one for the MTP heads of a model alone:
#
# models:
#   - key: qwen3-5-9b-base-mtp
#     tier: smoke  # a group of your choice
#     mtp_source_repo: Qwen/Qwen3.5-9B-Base  # read; mtp_source_revision pins a commit
#     mtp_sidecar_repo: ${source}/qwen3-5-9b-base-mtp  # written, once its plan is approved
#
# With a vindex it has source_model, quant, slices, output_name and hf_repo too; with a vision mirror
# vision_source_repo and vision_sidecar_repo. hf_collection files what is published; private: true hides it.
`;

/** Returns the fault in the name of a source, or undefined if the name is valid. */
export const sourceNameFault = (name: string): string | undefined => faultOf(SourceLine.shape.name, name);

const Coded = z.object({ code: z.string() });

const writeError = (path: string, error: unknown): SwpError =>
  Coded.safeParse(error).data?.code === 'EEXIST'
    ? new SwpError('conflict', 'catalog/exists', `${path} is there already; nothing was written.`, {
        hint: 'Name another directory, or add to the catalog that is there: swp catalog add <owner/name>',
      })
    : new SwpError('access', 'catalog/unwritable', `${path} cannot be written: ${messageOf(error)}.`, { cause: error });

/** Writes a file that must not exist yet. */
const create = async (path: string, text: string): Promise<void> => {
  const file = await open(path, 'wx', 0o644).catch((error: unknown) => {
    throw writeError(path, error);
  });
  try {
    await file.writeFile(text);
  } catch (error) {
    await rm(path, { force: true });
    throw writeError(path, error);
  } finally {
    await file.close();
  }
};

/**
 * Creates a settings file and an empty catalog source, both with comments. If the settings file cannot be written, the
 * catalog source is removed again.
 *
 * @throws SwpError `catalog/exists`, `catalog/unwritable`
 */
export const createStarter = async (
  directory: string,
  source: string,
): Promise<{ readonly settings: string; readonly catalog: string }> => {
  const settings = join(directory, SETTINGS_NAME);
  const catalog = join(directory, CATALOG_NAME);
  try {
    await mkdir(directory, { recursive: true });
  } catch (error) {
    throw writeError(directory, error);
  }
  await create(catalog, catalogText(source));
  try {
    await create(settings, settingsText(source));
  } catch (error) {
    await rm(catalog, { force: true });
    throw error;
  }
  return { settings, catalog };
};
