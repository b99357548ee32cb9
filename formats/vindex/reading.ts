/** A file of a vindex on disk, with its path inside it. */
export interface VindexFile {
  readonly path: string;
  readonly size: number;
}

/** How a vindex is read: this room does no I/O of its own. */
export interface VindexReader {
  readonly files: readonly VindexFile[];
  /** The digests of all files, in hex, as one pass over them found. */
  readonly sha256: ReadonlyMap<string, string>;
  /** Bytes of a file, `end` exclusive; rejects where there are fewer. */
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

/** Problems of one kind that one file may have before the rest is a count: a broken manifest has thousands. */
const MOST = 10;

/** At most a few, and how many more there are. */
export const capped = (problems: readonly VindexProblem[]): VindexProblem[] => {
  const last = problems[MOST];
  return last === undefined
    ? [...problems]
    : [...problems.slice(0, MOST), { ...last, message: `There are ${problems.length - MOST} more problems like these.` }];
};
