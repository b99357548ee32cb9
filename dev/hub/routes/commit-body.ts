import { z } from 'zod';
import { GitBlobId, Sha256 } from '../../../core/ids.js';
import { blobId } from '../git/objects.js';
import { pointerText } from '../git/pointer.js';
import { parseInput, readNdjson } from '../http/body.js';
import { refuse } from '../http/reply.js';
import type { TreeOperation } from '../store/apply-operations.js';
import type { TreeEntry } from '../store/commit-record.js';
import type { Store } from '../store/open-store.js';
import { MAX_REGULAR_BYTES, writeRegularFile } from './regular-files.js';

const Header = z.object({
  summary: z.string().trim().min(1),
  description: z.string().nullish(),
  parentCommit: z
    .string()
    .regex(/^[0-9a-f]{40}$/)
    .nullish(),
});

const WithPath = z.object({ path: z.string() });
const RegularFile = WithPath.extend({ content: z.string(), encoding: z.enum(['base64', 'utf-8']).default('utf-8') });
const LfsFile = WithPath.extend({ algo: z.literal('sha256').default('sha256'), oid: Sha256, size: z.int().nonnegative().nullish() });

const Line = z.discriminatedUnion('key', [
  z.object({ key: z.literal('header'), value: Header }),
  z.object({ key: z.literal('file'), value: RegularFile }),
  z.object({ key: z.literal('lfsFile'), value: LfsFile }),
  z.object({ key: z.literal('deletedFile'), value: WithPath }),
  z.object({ key: z.literal('deletedFolder'), value: WithPath }),
]);
type Line = z.output<typeof Line>;

interface CommitRequest {
  readonly header: z.output<typeof Header>;
  readonly operations: readonly TreeOperation[];
}

/** Returns the tree entry of an LFS file. Its git id is that of the pointer. */
export const lfsEntry = (oid: Sha256, size: number): TreeEntry => ({
  oid: GitBlobId.parse(blobId(Buffer.from(pointerText(oid, size)))),
  size,
  lfs: oid,
});

const decodeContent = (path: string, content: string, encoding: 'base64' | 'utf-8'): Buffer => {
  if (encoding === 'utf-8') return Buffer.from(content);
  const bytes = Buffer.from(content, 'base64');
  if (bytes.toString('base64') !== content) throw refuse(400, `The content of "${path}" is not valid base64.`);
  return bytes;
};

/** Fits one base64 line of the largest regular file, with its path and JSON. */
const MAX_LINE = MAX_REGULAR_BYTES * 2;

/**
 * Reads a commit's NDJSON: the header first, then operations. Writes the content of regular files to the blob store on the
 * way, where it is invisible until a commit names it.
 */
export const readCommitBody = async (body: AsyncIterable<Uint8Array>, store: Store, repo: string): Promise<CommitRequest> => {
  let header: CommitRequest['header'] | undefined;
  const operations: TreeOperation[] = [];
  for await (const value of readNdjson(body, MAX_LINE)) {
    const line = parseInput(Line, value);
    if (line.key === 'header') {
      if (header !== undefined) throw refuse(400, 'A commit has one header.');
      header = line.value;
    } else {
      if (header === undefined) throw refuse(400, 'The first line of a commit must be its header.');
      operations.push(await toOperation(line, store, repo));
    }
  }
  if (header === undefined) throw refuse(400, 'The first line of a commit must be its header.');
  return { header, operations };
};

const toOperation = async (line: Exclude<Line, { key: 'header' }>, store: Store, repo: string): Promise<TreeOperation> => {
  const { path } = line.value;
  switch (line.key) {
    case 'file': {
      const bytes = decodeContent(path, line.value.content, line.value.encoding);
      return { kind: 'put', path, entry: await writeRegularFile(store.objects, path, bytes) };
    }
    case 'lfsFile': {
      // A server-side copy names the object without its size.
      const size = line.value.size ?? (await store.repos.objectSize(repo, line.value.oid)) ?? 0;
      return { kind: 'put', path, entry: lfsEntry(line.value.oid, size) };
    }
    case 'deletedFile':
      return { kind: 'delete', path };
    case 'deletedFolder':
      return { kind: 'delete-folder', path };
  }
};
