import { Semaphore } from 'async-mutex';
import { MAX_SPAN_SCALES } from '../../../formats/mtp/fetch-plan.js';
import { ROOM_BYTES } from '../../../formats/mtp/slabs.js';

/** Source and output bytes that are in memory at once, whatever the size of a tensor. */
const MEMORY_BYTES = 72 * 1024 * 1024;

/**
 * The memory of an extraction: rooms that each hold one slab with its scales and its output, used again and
 * again. Left to the garbage collector, buffers that go from thread to thread outlive their use by far.
 */
export class BufferPool {
  private readonly empty: ArrayBuffer[] = [];
  private readonly left: Semaphore;

  /**
   * @param spans requests in flight, which hold the scales of all their slabs besides
   * @param signal ends every wait: rooms that a failure took along do not come back
   */
  constructor(
    spans: number,
    private readonly signal: AbortSignal,
  ) {
    this.left = new Semaphore(Math.floor((MEMORY_BYTES - spans * MAX_SPAN_SCALES) / ROOM_BYTES));
    signal.addEventListener('abort', () => this.left.cancel(), { once: true });
  }

  /** Waits until there is one. */
  async take(): Promise<ArrayBuffer> {
    this.signal.throwIfAborted();
    await this.left.acquire().catch((error: unknown) => {
      this.signal.throwIfAborted();
      throw error;
    });
    return this.empty.pop() ?? new ArrayBuffer(ROOM_BYTES);
  }

  recycle(room: ArrayBuffer): void {
    this.empty.push(room);
    this.left.release();
  }
}
