import { z } from 'zod';
import { chunkArray } from '../../core/chunk-array.js';
import { SwpError } from '../../core/error.js';
import type { RepoId, Sha256 } from '../../core/ids.js';
import { callJson, hubUrl, jsonBody, type CallOptions } from '../call.js';
import { withMaxAttempts, type Hub } from '../hub.js';
import { repoPath } from '../repo-path.js';

/** Maximum number of files per request to the endpoint (huggingface_hub, `hf_api.py`). */
const FILES_PER_CALL = 500;
/** Copying is only a shortcut: a server that fails gets few retries. */
const ATTEMPTS = 3;

const Answer = z.object({ succeeded: z.int().nonnegative() });

export interface CopyRequest {
  readonly source: RepoId;
  readonly target: RepoId;
  readonly files: readonly { readonly path: string; readonly sha256: Sha256; readonly xetHash: string }[];
}

/**
 * Requests the Hub to copy LFS objects from one repository to another, if it supports that: no bytes pass through this
 * host. Best effort: after a Hub error, or for objects that the Hub does not copy, the caller uploads the bytes.
 *
 * @returns the number of objects that the Hub reports as copied
 */
export const copyOnServer = async (hub: Hub, { source, target, files }: CopyRequest, { signal }: CallOptions): Promise<number> => {
  let copied = 0;
  try {
    for (const group of chunkArray(files, FILES_PER_CALL)) {
      const request = {
        method: 'POST',
        url: hubUrl(hub, `/api/models/${repoPath(source)}/lfs-files/duplicate`),
        signal,
        ...jsonBody({
          target: { type: 'model', name: target },
          files: group.map(({ path, sha256, xetHash }) => ({ xetHash, sha256, filename: path })),
        }),
      } as const;
      copied += (await callJson(withMaxAttempts(hub, ATTEMPTS), request, Answer)).value.succeeded;
    }
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof SwpError)) throw error;
  }
  return copied;
};
