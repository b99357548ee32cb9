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

/** A repository's license as its card states it. */
export interface License {
  readonly id: string | null;
  readonly name: string | null;
  readonly link: string | null;
}
