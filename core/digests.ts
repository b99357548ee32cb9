import { createHash, type Hash } from 'node:crypto';
import canonicalize from 'canonicalize';
import { SwpError } from './error.js';
import { Digest, GitBlobId, Sha256 } from './ids.js';

/**
 * Returns canonical JSON by RFC 8785: equal values give equal text on every host.
 *
 * @throws SwpError `digest/not-json` for a value that JSON cannot represent, such as a lone surrogate in a tensor's name
 */
export const canonicalJson = (value: unknown): string => {
  let text: string | undefined;
  try {
    text = canonicalize(value);
  } catch (cause) {
    throw new SwpError('integrity', 'digest/not-json', 'The value has no canonical JSON form', { cause });
  }
  if (text === undefined) throw new SwpError('internal', 'digest/not-json', 'The value cannot be written as JSON.');
  return text;
};

export const sha256Of = (bytes: string | Uint8Array): Sha256 => Sha256.parse(createHash('sha256').update(bytes).digest('hex'));

/** Returns `sha256:` and the SHA-256 of bytes. */
export const digestOfBytes = (bytes: string | Uint8Array): Digest => Digest.parse(`sha256:${sha256Of(bytes)}`);

/** Returns the `sha256:` digest of a value's canonical JSON. */
export const digestOf = (value: unknown): Digest => digestOfBytes(canonicalJson(value));

/** Manifests hold the git blob id of files up to this size in bytes: the Hub lists no other digest of files outside LFS. */
export const GIT_BLOB_LIMIT = 10 * 1024 * 1024;

/** Starts the hash by which git names a file of this size in bytes. */
export const gitBlobHash = (size: number): Hash => createHash('sha1').update(`blob ${size}\0`);

/** Returns the id under which git, and therefore the Hub, stores a file outside LFS. */
export const gitBlobOf = (bytes: Uint8Array): GitBlobId => GitBlobId.parse(gitBlobHash(bytes.byteLength).update(bytes).digest('hex'));
