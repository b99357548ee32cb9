import { z } from 'zod';
import { readJson } from '../http/body.js';
import { param, type RequestContext } from '../http/context.js';
import { empty, json, Refusal, refuse, type Reply, xmlError } from '../http/reply.js';
import type { Route } from '../http/router.js';
import { spool } from '../store/spool.js';

const NO_SUCH_UPLOAD =
  'The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.';

const noSuchUpload = (): Refusal => new Refusal(xmlError(404, 'NoSuchUpload', NO_SUCH_UPLOAD));

const badDigest = (received: string): Refusal =>
  new Refusal(xmlError(400, 'BadDigest', `The SHA-256 you specified did not match what we received: ${received}`));

const repoGone = (): Refusal => new Refusal(xmlError(404, 'NoSuchBucket', 'The repository is gone.'));

/** Returns the length of the body. S3 requires it before the first byte, and refuses a chunked body. */
const requireLength = ({ headers }: RequestContext): number => {
  if (headers['transfer-encoding'] !== undefined) {
    const message = 'A header you provided implies functionality that is not implemented: Transfer-Encoding';
    throw new Refusal(xmlError(501, 'NotImplemented', message));
  }
  const length = headers['content-length'];
  if (length === undefined) throw new Refusal(xmlError(411, 'MissingContentLength', 'You must provide the Content-Length HTTP header.'));
  return Number(length);
};

const put: Route = {
  operation: 'put',
  method: 'PUT',
  path: '/lfs-storage/objects/:oid',
  guard: 'signed',
  handle: async (context) => {
    const { store, machine } = context.hub;
    const repo = context.query.get('repo') ?? '';
    const oid = param(context, 'oid');
    const size = Number(context.query.get('size'));
    if (requireLength(context) !== size) throw new Refusal(xmlError(400, 'InvalidRequest', `This address takes ${size} bytes.`));
    const received = await spool(machine.files, context.body, store.temporary.path());
    const error =
      received.sha256 !== oid ? badDigest(received.sha256) : (await store.repos.find(repo)) === undefined ? repoGone() : undefined;
    if (error !== undefined) {
      await machine.files.rm(received.path, { force: true });
      throw error;
    }
    await store.objects.adopt(received);
    await store.repos.linkObject(repo, oid);
    return empty(200, { ETag: `"${received.sha256.slice(0, 32)}"` });
  },
};

const part: Route = {
  operation: 'part',
  method: 'PUT',
  path: '/lfs-storage/uploads/:oid',
  guard: 'signed',
  handle: async (context) => {
    const { uploads } = context.hub.store;
    const uploadId = context.query.get('uploadId') ?? '';
    const upload = await uploads.find(uploadId);
    if (upload === undefined) throw noSuchUpload();
    if (requireLength(context) > upload.chunkSize)
      throw new Refusal(xmlError(400, 'EntityTooLarge', `A part has at most ${upload.chunkSize} bytes.`));
    const etag = await uploads.writePart(uploadId, Number(context.query.get('partNumber')), context.body);
    if (etag === undefined) throw noSuchUpload();
    return empty(200, { ETag: `"${etag}"` });
  },
};

const CompleteBody = z.object({ oid: z.string(), parts: z.array(z.object({ partNumber: z.int().positive(), etag: z.string() })) });

const complete: Route = {
  operation: 'complete',
  method: 'POST',
  path: '/api/complete_multipart',
  guard: 'signed',
  handle: async ({ hub, query, body }): Promise<Reply> => {
    const { uploads, repos } = hub.store;
    const uploadId = query.get('uploadId') ?? '';
    const { oid, parts } = await readJson(body, CompleteBody);
    const outcome = await uploads.complete(uploadId, oid, parts);
    if (outcome.kind === 'no-upload') throw refuse(404, NO_SUCH_UPLOAD);
    if (outcome.kind === 'refused') throw refuse(400, `Error in multipart upload completion: ${outcome.reason}`);
    if ((await repos.find(outcome.upload.repo)) === undefined) throw refuse(404, 'Repository not found', 'RepoNotFound');
    await repos.linkObject(outcome.upload.repo, oid);
    await uploads.discard(uploadId);
    return json(200, { success: true });
  },
};

export const lfsStorageRoutes: readonly Route[] = [put, part, complete];
