import type { Readable } from 'node:stream';
import type { Sha256 } from '../../core/ids.js';

/** A file to publish: its digest is known, and its bytes can be read from any position, any number of times. */
export interface UploadFile {
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  readonly sha256: Sha256;
  /** The bytes from `begin` up to `end`. */
  readonly open: (begin: number, end: number) => Readable;
  /** Its bytes come from far away: they are read once, in their order, and only their digest tells that they are right. */
  readonly readOnce?: true;
}
