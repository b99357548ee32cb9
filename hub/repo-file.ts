import type { GitBlobId, Sha256 } from '../core/ids.js';

/** One file of a repository at a commit, as the Hub lists it. Size in bytes. */
export interface RepoFile {
  readonly path: string;
  readonly size: number;
  readonly gitBlob: GitBlobId;
  /** SHA-256 of the content where the file lies in LFS; the Hub lists none for other files. */
  readonly lfs: Sha256 | null;
  /** The digest of the content in Xet, where the Hub stores it there. */
  readonly xetHash?: string;
}

/** A repository's license as its card states it. */
export interface License {
  readonly id: string | null;
  readonly name: string | null;
  readonly link: string | null;
}
