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
): string => `# Your catalog sources. swp looks for this file in its working directory and in the directories above.
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
): string => `# The models that you publish. \`swp catalog add <owner/name>\` proposes an entry for a model and adds it below; comments are kept.
models: []

# Example of an entry written by hand, only for the MTP heads of a model:
#
# models:
#   - key: qwen3-5-9b-base-mtp
#     tier: smoke  # a group of your choice
#     mtp_source_repo: Qwen/Qwen3.5-9B-Base  # read; mtp_source_revision pins a commit
#     mtp_sidecar_repo: ${source}/qwen3-5-9b-base-mtp  # written, once its plan is approved
#
# A vindex also needs source_model, quant, slices, output_name and hf_repo; a vision mirror needs
# vision_source_repo and vision_sidecar_repo. hf_collection adds the target to a collection; private: true creates it private.
`;

/** Returns the fault in the name of a source, or undefined if the name is valid. */
export const sourceNameFault = (name: string): string | undefined => faultOf(SourceLine.shape.name, name);

const Coded = z.object({ code: z.string() });

const writeError = (path: string, error: unknown): SwpError =>
  Coded.safeParse(error).data?.code === 'EEXIST'
    ? new SwpError('conflict', 'catalog/exists', `${path} already exists; nothing was written.`, {
        hint: 'Use another directory, or add entries to the existing catalog: swp catalog add <owner/name>',
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
