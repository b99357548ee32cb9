import { validateHeaderName, validateHeaderValue } from 'node:http';
import { z } from 'zod';
import { listToFirstFault } from '../../core/faults.js';
import { chunkArray } from '../../core/chunk-array.js';
import { SwpError } from '../../core/error.js';
import { Sha256, type RepoId } from '../../core/ids.js';
import { holdsSecret } from '../../core/redact.js';
import { checkAddress } from '../address.js';
import { callJson, hubUrl, type CallOptions } from '../call.js';
import type { Hub } from '../hub.js';
import { quoted, requestId } from '../errors.js';
import { repoPath } from '../repo-path.js';
import type { UploadFile } from './upload-file.js';

const OBJECTS_PER_CALL = 100;
const MEDIA_TYPE = 'application/vnd.git-lfs+json';

const Action = z.object({ href: z.string(), header: z.record(z.string(), z.union([z.string(), z.number()]).transform(String)).nullish() });
const Answer = z.object({
  transfer: z.string().nullish(),
  objects: listToFirstFault(
    z.object({
      oid: Sha256,
      size: z.int().nonnegative(),
      actions: z.object({ upload: Action.nullish(), verify: Action.nullish() }).nullish(),
      error: z.object({ code: z.number().nullish(), message: z.string().nullish() }).nullish(),
    }),
  ),
});

export interface LfsAction {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
}

export interface Part {
  /** Counts from 1. */
  readonly number: number;
  readonly url: URL;
  readonly begin: number;
  readonly end: number;
}

export interface BasicInstructions {
  readonly kind: 'basic';
  readonly upload: LfsAction;
  readonly verify: LfsAction | null;
}

export interface MultipartInstructions {
  readonly kind: 'multipart';
  readonly complete: LfsAction;
  readonly parts: readonly Part[];
  readonly verify: LfsAction | null;
}

/** The Hub's instructions for one object. */
export type UploadInstructions = { readonly kind: 'stored' } | BasicInstructions | MultipartInstructions;

const addressOf = (hub: Hub, href: string): URL => {
  if (!URL.canParse(href, hub.endpoint.href))
    throw new SwpError('integrity', 'hub/bad-answer', 'The Hub sent an upload address that is not a valid URL.');
  const url = new URL(href, hub.endpoint.href);
  checkAddress(hub, url);
  return url;
};

const headersOf = (header: Readonly<Record<string, string>>): LfsAction['headers'] => {
  for (const [name, value] of Object.entries(header)) {
    try {
      validateHeaderName(name);
      validateHeaderValue(name, value);
    } catch {
      throw new SwpError('integrity', 'hub/bad-answer', 'The Hub asks for an upload with an invalid header.');
    }
  }
  return header;
};

const holdsToken = ({ token }: Hub, text: string): boolean => token !== undefined && holdsSecret([token], text);

/** Some servers return the token for use in an upload request: it may be sent to the same server, never to another host. */
const actionOf = (hub: Hub, { href, header }: z.infer<typeof Action>): LfsAction => {
  const [url, headers] = [addressOf(hub, href), headersOf(header ?? {})];
  if (url.origin !== hub.endpoint.origin && Object.values(headers).some((value) => holdsToken(hub, value)))
    throw new SwpError('integrity', 'hub/bad-answer', `The Hub asks SWP to send its token to another host, ${quoted(hub, url.origin)}.`);
  return { url, headers };
};

/**
 * Returns the verify action without the token, because it is stored on disk; a request to the Hub's own origin sends
 * the token anyway.
 */
const verifyActionOf = (hub: Hub, action: z.infer<typeof Action>): LfsAction => {
  const { url, headers } = actionOf(hub, action);
  return { url, headers: Object.fromEntries(Object.entries(headers).filter(([, value]) => !holdsToken(hub, value))) };
};

const partsOf = (hub: Hub, file: UploadFile, action: LfsAction): Part[] => {
  const refuse = (why: string): never => {
    throw new SwpError('integrity', 'hub/bad-parts', `The Hub asks for invalid parts of ${file.path}: ${why}.`);
  };
  const chunk = Number(action.headers['chunk_size']);
  if (!Number.isSafeInteger(chunk) || chunk <= 0) refuse(`a part has ${action.headers['chunk_size']} bytes`);
  const numbered = Object.entries(action.headers)
    .filter(([name]) => /^\d+$/.test(name))
    .map(([name, href]) => ({ number: Number(name), href }))
    .toSorted((a, b) => a.number - b.number);
  const count = Math.max(1, Math.ceil(file.size / chunk));
  if (numbered.length !== count || numbered.some(({ number }, at) => number !== at + 1))
    refuse(`${numbered.length} parts of ${chunk} bytes for a file of ${file.size} bytes`);
  return numbered.map(({ number, href }) => {
    return { number, url: addressOf(hub, href), begin: (number - 1) * chunk, end: Math.min(file.size, number * chunk) };
  });
};

const parseInstructions = (
  hub: Hub,
  file: UploadFile,
  object: z.infer<typeof Answer>['objects'][number],
  request: string | undefined,
): UploadInstructions => {
  if (object.error !== null && object.error !== undefined) {
    throw new SwpError(
      'conflict',
      'hub/lfs-refused',
      `The Hub refuses ${file.path}: ${quoted(hub, object.error.message ?? '', 300)} (${object.error.code ?? 'no code'}${request === undefined ? '' : `, request ${request}`}).`,
      { hint: "Check the account's storage and the file size limit, then retry." },
    );
  }
  const { upload, verify } = object.actions ?? {};
  if (upload === null || upload === undefined) return { kind: 'stored' };
  const action = actionOf(hub, upload);
  const verifyAction = verify === null || verify === undefined ? null : verifyActionOf(hub, verify);
  return action.headers['chunk_size'] === undefined
    ? { kind: 'basic', upload: action, verify: verifyAction }
    : // The headers contain the parts, which are stored separately.
      { kind: 'multipart', complete: { url: action.url, headers: {} }, parts: partsOf(hub, file, action), verify: verifyAction };
};

/** The offered transfers; an answer that names no transfer uses the first (git-lfs, `docs/api/batch.md`). */
const TRANSFERS = ['basic', 'multipart'];

const checkTransfer = (hub: Hub, transfer: string | null | undefined): void => {
  if (transfer === null || transfer === undefined || TRANSFERS.includes(transfer)) return;
  throw new SwpError(
    'conflict',
    'hub/transfer',
    `The Hub requires the upload transfer "${quoted(hub, transfer)}"; SWP supports only ${TRANSFERS.join(' and ')}.`,
    { hint: 'This SWP cannot upload to that hub. Send this message to its support.' },
  );
};

/**
 * Requests upload instructions for LFS objects: which are already stored, and the addresses for the rest. Also supports
 * servers with only `basic`.
 */
export const lfsBatch = async (
  hub: Hub,
  repo: RepoId,
  files: readonly UploadFile[],
  { signal }: CallOptions,
): Promise<ReadonlyMap<string, UploadInstructions>> => {
  const instructions = new Map<string, UploadInstructions>();
  for (const group of chunkArray(files, OBJECTS_PER_CALL)) {
    const body = {
      operation: 'upload',
      transfers: TRANSFERS,
      hash_algo: 'sha256',
      ref: { name: 'refs/heads/main' },
      objects: group.map(({ sha256, size }) => ({ oid: sha256, size })),
    };
    const { value, headers } = await callJson(
      hub,
      {
        method: 'POST',
        url: hubUrl(hub, `/${repoPath(repo)}.git/info/lfs/objects/batch`),
        handsOutAddresses: true,
        signal,
        headers: { accept: MEDIA_TYPE, 'content-type': MEDIA_TYPE },
        body: new TextEncoder().encode(JSON.stringify(body)),
      },
      Answer,
    );
    checkTransfer(hub, value.transfer);
    const objects = new Map<string, (typeof value.objects)[number]>(value.objects.map((object) => [object.oid, object]));
    for (const file of group) {
      const object = objects.get(file.sha256);
      if (object === undefined) throw new SwpError('integrity', 'hub/bad-answer', `The Hub sent no upload instructions for ${file.path}.`);
      instructions.set(file.path, parseInstructions(hub, file, object, requestId(hub, headers)));
    }
  }
  return instructions;
};
