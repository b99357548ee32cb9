import { createHash } from 'node:crypto';

/**
 * Returns the Xet hash of an LFS object. The real hash is a Merkle root over the content's chunks; this one is derived from
 * the object's SHA-256, since clients only pass it on and the hub only compares it.
 */
export const xetHash = (sha256: string): string => createHash('sha256').update(`xet:${sha256}`).digest('hex');
