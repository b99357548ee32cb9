/** A file of a vindex on disk, with its path inside it. */
export interface VindexFile {
  readonly path: string;
  readonly size: number;
}

/** The access to a vindex: `formats` does no I/O itself. */
export interface VindexReader {
  readonly files: readonly VindexFile[];
  /** The SHA-256 of all files, in hex, computed in one pass. */
  readonly sha256: ReadonlyMap<string, string>;
  /** Reads bytes of a file, `end` exclusive; rejects if the file has fewer. */
  readonly read: (path: string, begin: number, end: number) => Promise<Uint8Array>;
}

export interface VindexProblem {
  readonly code:
    | 'missing-file'
    | 'unexpected-file'
    | 'leftover-checkpoint'
    | 'file-size'
    | 'bad-json'
    | 'index-field'
    | 'index-layers'
    | 'checksums-missing'
    | 'checksum'
    | 'checksum-list'
    | 'manifest-entry'
    | 'manifest-count'
    | 'manifest-gap'
    | 'manifest-overlap'
    | 'manifest-end'
    | 'magic'
    | 'header-field'
    | 'feature-count'
    | 'expert-count'
    | 'expert-places'
    | 'numbers'
    | 'block-generation';
  readonly path: string;
  readonly message: string;
}

export const problem = (code: VindexProblem['code'], path: string, message: string): VindexProblem => ({ code, path, message });

/**
 * Maximum number of listed problems of one kind in one file; the rest becomes a count, because a broken manifest has
 * thousands.
 */
const MAX_LISTED = 10;

/** Returns the first problems, and a last one with the number of the others. */
export const capProblems = (problems: readonly VindexProblem[]): VindexProblem[] => {
  const last = problems[MAX_LISTED];
  return last === undefined
    ? [...problems]
    : [...problems.slice(0, MAX_LISTED), { ...last, message: `There are ${problems.length - MAX_LISTED} more problems like these.` }];
};
