import { z } from 'zod';
import { chunkArray } from '../../core/chunk-array.js';
import { SwpError } from '../../core/error.js';
import type { RepoId, Sha256 } from '../../core/ids.js';
import { callJson, hubUrl, jsonBody, type CallOptions } from '../call.js';
import { withPatience, type HubConfig } from '../config.js';
import { repoPath } from '../repo-path.js';

/** What the endpoint takes at once (huggingface_hub, `hf_api.py`). */
const FILES_PER_CALL = 500;
/** Copying is a shortcut: a server that fails at it is not waited for. */
const ATTEMPTS = 3;

const Answer = z.object({ succeeded: z.int().nonnegative() });

export interface CopyOrder {
  readonly source: RepoId;
  readonly target: RepoId;
  readonly files: readonly { readonly path: string; readonly sha256: Sha256; readonly xetHash: string }[];
}

/**
 * Has the Hub copy LFS objects from one repository to another, where it offers that: no byte passes through here.
 * Best effort: what it does not copy, or answers with an error, is left to be sent.
 *
 * @returns how many objects it says it has copied
 */
export const copyOnServer = async (hub: HubConfig, { source, target, files }: CopyOrder, { signal }: CallOptions): Promise<number> => {
  let copied = 0;
  try {
    for (const group of chunkArray(files, FILES_PER_CALL)) {
      const request = {
        method: 'POST',
        url: hubUrl(hub, `/api/models/${repoPath(source)}/lfs-files/duplicate`),
        authorized: true,
        signal,
        ...jsonBody({
          target: { type: 'model', name: target },
          files: group.map(({ path, sha256, xetHash }) => ({ xetHash, sha256, filename: path })),
        }),
      } as const;
      copied += (await callJson(withPatience(hub, ATTEMPTS), request, Answer)).value.succeeded;
    }
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof SwpError)) throw error;
  }
  return copied;
};
