import { GitBlobId } from '../../../core/ids.js';
import { parseCard } from '../card-metadata.js';
import { refuse } from '../http/reply.js';
import type { TreeEntry } from '../store/commit-record.js';
import type { ObjectStore } from '../store/objects.js';

/** Larger files must use LFS (the Hub's limit for regular files). */
export const MAX_REGULAR_BYTES = 10 << 20;

/** Stores a file outside LFS, or refuses it with the Hub's message. */
export const writeRegularFile = async (objects: ObjectStore, path: string, bytes: Uint8Array): Promise<TreeEntry> => {
  if (bytes.byteLength > MAX_REGULAR_BYTES)
    throw refuse(
      400,
      'Your push was rejected because it contains files larger than 10 MiB. Please use https://git-lfs.github.com/ to store large ' +
        `files. Offending files: - ${path}`,
    );
  if (path === 'README.md') {
    const { errors } = parseCard(Buffer.from(bytes).toString('utf8'));
    if (errors.length > 0) throw refuse(400, `Invalid metadata in README.md. - ${errors.join(' - ')}`);
  }
  return { oid: GitBlobId.parse(await objects.writeBlob(bytes)), size: bytes.byteLength };
};
