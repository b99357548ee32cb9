import type { Readable } from 'node:stream';
import type { Sha256 } from '../../core/ids.js';

/** A file to publish. Its digest is known, and its bytes can be read from any position, any number of times. */
export interface UploadFile {
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  readonly sha256: Sha256;
  /** Opens the bytes from `begin` to `end` exclusive. */
  readonly open: (begin: number, end: number) => Readable;
  /**
   * The bytes come from a remote source: they are read once, in order, and only their digest proves that they are
   * right.
   */
  readonly readOnce?: true;
}
