import pMap from 'p-map';
import { SwpError } from '../../core/error.js';
import { attempt, jsonBody } from '../call.js';
import type { HubConfig } from '../config.js';
import { retrying } from '../retry.js';
import type { LfsAction, Part, UploadOrder } from './lfs-batch.js';
import type { UploadFile } from './upload-file.js';

/** A part is in flight from disk to socket; its bytes are never held whole. */
const PARTS_IN_FLIGHT = 3;

export interface SendOptions {
  readonly signal: AbortSignal;
  /** True once the process was asked to stop: nothing new is begun. */
  readonly stopRequested: () => boolean;
  /** Told each part's bytes when it has arrived. */
  readonly onSent: (bytes: number) => void;
}

const stopping = (): SwpError =>
  new SwpError('unavailable', 'hub/stopping', 'The worker is stopping; the upload goes on when one is up again.');

/** PUTs bytes to a signed address: it is its own authority, so the token stays here. */
const putBytes = async (
  hub: HubConfig,
  file: UploadFile,
  url: URL,
  begin: number,
  end: number,
  headers: Readonly<Record<string, string>>,
  options: SendOptions,
): Promise<string | undefined> => {
  if (options.stopRequested()) throw stopping();
  const etag = await retrying(hub, options.signal, async () => {
    const answer = await attempt(hub, {
      method: 'PUT',
      url,
      authorized: false,
      signal: options.signal,
      headers,
      body: { length: end - begin, open: () => file.open(begin, end) },
    });
    answer.resume();
    return answer.headers.etag;
  });
  options.onSent(end - begin);
  return etag;
};

const sendParts = (
  hub: HubConfig,
  file: UploadFile,
  parts: readonly Part[],
  options: SendOptions,
): Promise<{ partNumber: number; etag: string }[]> =>
  pMap(
    parts,
    async ({ number, url, begin, end }) => {
      const etag = await putBytes(hub, file, url, begin, end, {}, options);
      if (etag === undefined)
        throw new SwpError('integrity', 'hub/no-etag', `The Hub took part ${number} of ${file.path} without an ETag.`);
      return { partNumber: number, etag };
    },
    { concurrency: PARTS_IN_FLIGHT, signal: options.signal },
  );

/** The completion address is signed too. A second completion after a lost answer finds nothing: the batch then says `stored`. */
const complete = async (
  hub: HubConfig,
  file: UploadFile,
  action: LfsAction,
  parts: readonly { partNumber: number; etag: string }[],
  options: SendOptions,
): Promise<void> =>
  retrying(hub, options.signal, async () => {
    const answer = await attempt(hub, {
      method: 'POST',
      url: action.url,
      authorized: false,
      signal: options.signal,
      ...jsonBody({ oid: file.sha256, parts }),
    });
    answer.resume();
  });

/** Has the Hub check what it stored. The address may be anywhere; the token goes along only to the Hub's own. */
const verify = async (hub: HubConfig, file: UploadFile, action: LfsAction, options: SendOptions): Promise<void> => {
  const { headers, body } = jsonBody({ oid: file.sha256, size: file.size });
  // The Hub may hand out a header of its own for this; ours never leaves its origin.
  const isOwn = action.url.origin === hub.endpoint.origin && action.headers['Authorization'] === undefined;
  await retrying(hub, options.signal, async () => {
    const answer = await attempt(hub, {
      method: 'POST',
      url: action.url,
      authorized: isOwn,
      signal: options.signal,
      headers: { ...action.headers, ...headers },
      body,
    });
    answer.resume();
  });
};

/** Sends one object as the Hub ordered it, and has it checked. */
export const sendObject = async (
  hub: HubConfig,
  file: UploadFile,
  order: Exclude<UploadOrder, { kind: 'stored' }>,
  options: SendOptions,
): Promise<void> => {
  if (order.kind === 'basic') await putBytes(hub, file, order.upload.url, 0, file.size, order.upload.headers, options);
  else await complete(hub, file, order.complete, await sendParts(hub, file, order.parts, options), options);
  if (order.verify !== null) await verify(hub, file, order.verify, options);
};
