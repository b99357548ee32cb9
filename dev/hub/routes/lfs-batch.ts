import { z } from 'zod';
import { Sha256 } from '../../../core/ids.js';
import { readJson } from '../http/body.js';
import type { HubState } from '../http/context.js';
import { json, refuse, type Reply } from '../http/reply.js';
import type { Route } from '../http/router.js';
import { partCount } from '../store/uploads.js';
import { openRepoForWrite } from './open-repo.js';

const BatchBody = z.object({
  operation: z.literal('upload'),
  transfers: z.array(z.string()).default(['basic']),
  hash_algo: z.enum(['sha256', 'sha_256']).optional(),
  objects: z.array(z.object({ oid: z.string(), size: z.number() })).min(1),
});

const LfsObject = z.object({ oid: Sha256, size: z.int().nonnegative() });
type LfsObject = z.infer<typeof LfsObject>;

const lfsJson = (value: unknown): Reply => json(200, value, { 'Content-Type': 'application/vnd.git-lfs+json' });

/** Returns an object with its error. The batch as a whole still succeeds. */
const invalidObject = (object: object, message: string) => ({ ...object, error: { code: 422, message } });

const basicAction = (hub: HubState, repo: string, { oid, size }: LfsObject): Record<string, unknown> => ({
  href: hub.signer.sign({
    origin: hub.url,
    method: 'PUT',
    path: `/lfs-storage/objects/${oid}`,
    query: { repo, size: String(size) },
    lifetimeSeconds: hub.settings.lifetimes.put,
  }),
});

const multipartAction = async (hub: HubState, repo: string, { oid, size }: LfsObject): Promise<Record<string, unknown>> => {
  const { chunkSize, lifetimes } = hub.settings;
  const uploadId = await hub.store.uploads.begin({ repo, oid, size, chunkSize });
  const sign = (method: string, path: string, query: Record<string, string>): string =>
    hub.signer.sign({ origin: hub.url, method, path, query: { repo, ...query }, lifetimeSeconds: lifetimes.part });
  const parts = Array.from({ length: partCount(size, chunkSize) }, (_, index) => [
    String(index + 1).padStart(5, '0'),
    sign('PUT', `/lfs-storage/uploads/${oid}`, { uploadId, partNumber: String(index + 1) }),
  ]);
  return {
    href: sign('POST', '/api/complete_multipart', { uploadId, oid }),
    header: { chunk_size: String(chunkSize), ...Object.fromEntries(parts) },
  };
};

const batch: Route = {
  operation: 'lfs-batch',
  method: 'POST',
  path: '/:owner/:name.git/info/lfs/objects/batch',
  guard: 'token',
  handle: async (context) => {
    const { hub } = context;
    const repo = await openRepoForWrite(context);
    const wanted = await readJson(context.body, BatchBody);
    const multipart = wanted.transfers.includes('multipart');
    if (!multipart && !wanted.transfers.includes('basic'))
      throw refuse(400, `none of the transfers [${wanted.transfers.join(', ')}] is served here`);
    const objects = await Promise.all(
      wanted.objects.map(async (requested) => {
        const parsed = LfsObject.safeParse(requested);
        if (!parsed.success) return invalidObject(requested, 'the oid must be a SHA-256 and the size a whole number');
        const object = parsed.data;
        const stored = await hub.store.repos.objectSize(repo.id, object.oid);
        if (stored === object.size) return { ...object, authenticated: true };
        if (stored !== undefined) return invalidObject(object, `this object has ${stored} bytes, not ${object.size}`);
        const inParts = multipart && object.size > hub.settings.multipartThreshold;
        const upload = inParts ? await multipartAction(hub, repo.id, object) : basicAction(hub, repo.id, object);
        const lifetime = inParts ? hub.settings.lifetimes.part : hub.settings.lifetimes.put;
        const expires = { expires_in: lifetime, expires_at: new Date(hub.machine.clock.now() + lifetime * 1000).toISOString() };
        return {
          ...object,
          authenticated: true,
          actions: { upload: { ...upload, ...expires }, verify: { href: `${hub.url}/${repo.id}.git/info/lfs/objects/verify` } },
        };
      }),
    );
    return lfsJson({ transfer: multipart ? 'multipart' : 'basic', objects });
  },
};

const verify: Route = {
  operation: 'verify',
  method: 'POST',
  path: '/:owner/:name.git/info/lfs/objects/verify',
  guard: 'token',
  handle: async (context) => {
    const repo = await openRepoForWrite(context);
    const { oid, size } = await readJson(context.body, LfsObject);
    const stored = await context.hub.store.repos.objectSize(repo.id, oid);
    if (stored === undefined) throw refuse(404, `The object ${oid} does not exist`);
    if (stored !== size) throw refuse(422, `The object ${oid} has ${stored} bytes, not ${size}`);
    return lfsJson({ success: true });
  },
};

export const lfsBatchRoutes: readonly Route[] = [batch, verify];
