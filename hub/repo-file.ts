import { createHash, type Hash } from 'node:crypto';
import { gitBlobHash } from '../core/digests.js';
import type { GitBlobId, Sha256 } from '../core/ids.js';

/** One file of a repository at a commit, as the Hub lists it. The size is in bytes. */
export interface RepoFile {
  readonly path: string;
  readonly size: number;
  readonly gitBlob: GitBlobId;
  /** The SHA-256 of the content if the file is in LFS; the Hub lists no SHA-256 for other files. */
  readonly lfs: Sha256 | null;
  /** The Xet digest of the content, if the Hub stores it in Xet. */
  readonly xetHash?: string;
}

/** Starts the hash that the Hub lists for a file: SHA-256 in LFS, else that of git. */
export const listedHash = ({ size, lfs }: Pick<RepoFile, 'size' | 'lfs'>): Hash =>
  lfs === null ? gitBlobHash(size) : createHash('sha256');

/** A repository's license as its card states it. */
export interface License {
  readonly id: string | null;
  readonly name: string | null;
  readonly link: string | null;
}
