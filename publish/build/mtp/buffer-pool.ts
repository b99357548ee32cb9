import { Semaphore } from 'async-mutex';
import { MAX_SPAN_SCALES } from '../../../formats/mtp/fetch-plan.js';
import { BUFFER_BYTES } from '../../../formats/mtp/slabs.js';

/** Limit of source and output bytes in memory at a time. It does not depend on the size of a tensor. */
const MEMORY_BYTES = 72 * 1024 * 1024;

/**
 * The memory of an extraction: reusable buffers, each for one slab with its scales and its output. Without the pool, the
 * garbage collector frees buffers that move between threads long after their use.
 */
export class BufferPool {
  private readonly free: ArrayBuffer[] = [];
  private readonly available: Semaphore;

  /**
   * @param spans requests in flight; each also holds the scales of all its slabs
   * @param bytes size of each buffer, at most `BUFFER_BYTES`
   * @param signal ends every wait: after a failure, buffers in use may never be recycled
   */
  constructor(
    spans: number,
    private readonly bytes: number,
    private readonly signal: AbortSignal,
  ) {
    this.available = new Semaphore(Math.floor((MEMORY_BYTES - spans * MAX_SPAN_SCALES) / BUFFER_BYTES));
    signal.addEventListener('abort', () => this.available.cancel(), { once: true });
  }

  /** Waits for a free buffer. */
  async take(): Promise<ArrayBuffer> {
    this.signal.throwIfAborted();
    await this.available.acquire().catch((error: unknown) => {
      this.signal.throwIfAborted();
      throw error;
    });
    return this.free.pop() ?? new ArrayBuffer(this.bytes);
  }

  recycle(buffer: ArrayBuffer): void {
    this.free.push(buffer);
    this.available.release();
  }
}
