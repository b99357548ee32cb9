/**
 * Size of a block in bytes. A part of 16 MB spans up to five blocks, so comparing it reads a quarter more than it
 * sends.
 */
export const BLOCK_BYTES = 4 * 1024 * 1024;

/** Returns the number of blocks in a file of `size` bytes; the last block may be shorter. */
export const blockCount = (size: number): number => Math.ceil(size / BLOCK_BYTES);
