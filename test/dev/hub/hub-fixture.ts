import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { z } from 'zod';
import { type LocalHub, type LocalHubOptions, startLocalHub, type TokenSpec } from '../../../dev/hub/index.js';

export const WRITER: TokenSpec = { token: 'hf_writer', user: 'ada', orgs: ['Skulk'], role: 'write' };
export const READER: TokenSpec = { token: 'hf_reader', user: 'ada', orgs: ['Skulk'], role: 'read' };
export const STRANGER: TokenSpec = { token: 'hf_stranger', user: 'mallory', orgs: [], role: 'write' };
export const ADMITTED: TokenSpec = { token: 'hf_admitted', user: 'grace', orgs: [], role: 'read', gatedAccess: ['skulk/gated'] };
export const NO_CREATE: TokenSpec = { token: 'hf_nocreate', user: 'ada', orgs: ['Skulk'], role: 'write', canCreate: false };

export const makeDirectory = async (): Promise<string> => {
  const directory = await mkdtemp(join(tmpdir(), 'swp-hub-'));
  onTestFinished(async () => rm(directory, { recursive: true, force: true }));
  return directory;
};

/** A separate hub for one test, with all the tokens above. */
export const startHub = async (options: Partial<LocalHubOptions> = {}): Promise<LocalHub> => {
  const hub = await startLocalHub({
    directory: options.directory ?? (await makeDirectory()),
    tokens: [WRITER, READER, STRANGER, ADMITTED, NO_CREATE],
    ...options,
  });
  onTestFinished(async () => hub.close());
  return hub;
};

export interface CallOptions {
  readonly method?: string;
  readonly token?: TokenSpec;
  readonly headers?: Record<string, string>;
  readonly body?: string | Uint8Array;
  readonly json?: unknown;
}

/** One request without following redirects; `address` is a path of the hub or a whole URL. */
export const call = async (hub: LocalHub, address: string, { method, token, headers, body, json }: CallOptions = {}): Promise<Response> =>
  fetch(new URL(address, hub.url), {
    method: method ?? (json === undefined && body === undefined ? 'GET' : 'POST'),
    redirect: 'manual',
    headers: {
      ...(token === undefined ? {} : { Authorization: `Bearer ${token.token}` }),
      ...(json === undefined ? {} : { 'Content-Type': 'application/json' }),
      ...headers,
    },
    ...(json === undefined ? (body === undefined ? {} : { body: Buffer.from(body) }) : { body: JSON.stringify(json) }),
  });

/** The JSON of an answer, which must fit the schema. */
export const jsonOf = async <S extends z.ZodType>(response: Response, schema: S): Promise<z.output<S>> =>
  schema.parse(await response.json());

/** The same bytes for the same seed. */
export const makeBytes = (size: number, seed: number): Buffer => {
  const bytes = Buffer.alloc(size);
  let state = seed >>> 0 || 1;
  for (let at = 0; at + 4 <= size; at += 4) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes.writeUInt32LE(state, at);
  }
  return bytes;
};

export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** The body of a commit: header and operations as NDJSON. */
export const ndjson = (...lines: readonly (readonly [string, unknown])[]): string =>
  lines.map(([key, value]) => JSON.stringify({ key, value })).join('\n');

export const commitLines = (
  hub: LocalHub,
  repo: string,
  lines: readonly (readonly [string, unknown])[],
  token = WRITER,
): Promise<Response> =>
  call(hub, `/api/models/${repo}/commit/main`, { token, body: ndjson(...lines), headers: { 'Content-Type': 'application/x-ndjson' } });

const Action = z.object({ href: z.url(), header: z.record(z.string(), z.string()).optional() });
export type Action = z.infer<typeof Action>;

const BatchAnswer = z.object({ objects: z.tuple([z.object({ actions: z.object({ upload: Action }).optional() })]) });

/** Sends an LFS batch for one object. Returns the upload action, or undefined when the object is stored. */
export const requestUpload = async (
  hub: LocalHub,
  repo: string,
  bytes: Uint8Array,
  transfers = ['basic', 'multipart'],
): Promise<Action | undefined> => {
  const response = await call(hub, `/${repo}.git/info/lfs/objects/batch`, {
    token: WRITER,
    json: { operation: 'upload', transfers, hash_algo: 'sha256', objects: [{ oid: sha256(bytes), size: bytes.byteLength }] },
  });
  const { objects } = await jsonOf(response, BatchAnswer);
  return objects[0].actions?.upload;
};

/** PUTs each part of a multipart action; returns the parts for the completion. */
export const putParts = async (hub: LocalHub, action: Action, bytes: Uint8Array): Promise<{ partNumber: number; etag: string }[]> => {
  const { chunk_size: chunkSize, ...parts } = action.header!;
  const done: { partNumber: number; etag: string }[] = [];
  for (const [number, url] of Object.entries(parts)) {
    const start = (Number(number) - 1) * Number(chunkSize);
    const response = await call(hub, url, { method: 'PUT', body: bytes.subarray(start, start + Number(chunkSize)) });
    done.push({ partNumber: Number(number), etag: response.headers.get('etag')! });
  }
  return done;
};
