import { createHash } from 'node:crypto';
import { Worker } from 'node:worker_threads';
import { Sha256 } from './ids.js';

/** Bytes per message to the thread; a smaller block costs more to transfer than to hash. */
const MESSAGE_BYTES = 1024 * 1024;
/** Blocks in flight: enough that neither side waits, few enough to keep in memory. */
const IN_FLIGHT = 8;

// Plain text, because a thread loads no TypeScript.
const THREAD = `
const { parentPort } = require('node:worker_threads');
const { createHash } = require('node:crypto');
const hash = createHash('sha256');
parentPort.on('message', (block) => {
  if (block === null) return parentPort.postMessage(hash.digest('hex'));
  hash.update(block);
  parentPort.postMessage(block.buffer, [block.buffer]);
});
`;

/** Computes the SHA-256 of a stream from its bytes in order. */
export interface StreamHash {
  /** Hashes a copy of the bytes. */
  update(bytes: Uint8Array): Promise<void>;
  /** Returns the digest of all bytes; no update may follow. */
  digest(): Promise<Sha256>;
  close(): Promise<void>;
}

/**
 * Opens a hash that a thread of its own computes, so that the caller can keep reading from the network. Without threads,
 * the caller computes it.
 */
export const openStreamHash = (threads: number): StreamHash => {
  if (threads > 0) return new HashThread();
  const hash = createHash('sha256');
  return {
    update: (bytes) => Promise.resolve(void hash.update(bytes)),
    digest: () => Promise.resolve(Sha256.parse(hash.digest('hex'))),
    close: () => Promise.resolve(),
  };
};

class HashThread implements StreamHash {
  private readonly thread = new Worker(THREAD, { eval: true });
  private block = new Uint8Array(MESSAGE_BYTES);
  private filled = 0;
  /** Buffers that the thread returned, for reuse: the garbage collector would free them much too late. */
  private readonly recycled: ArrayBuffer[] = [];
  private inFlight = 0;
  private wake: (() => void) | null = null;
  private digested: string | null = null;
  private failure: Error | null = null;

  constructor() {
    this.thread.on('message', (answer: string | ArrayBuffer) => {
      if (typeof answer === 'string') this.digested = answer;
      else {
        this.recycled.push(answer);
        this.inFlight -= 1;
      }
      this.wake?.();
    });
    this.thread.on('error', (error) => {
      this.failure = error;
      this.wake?.();
    });
  }

  /** Resolves immediately unless the thread is far behind. */
  async update(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.byteLength;) {
      const part = bytes.subarray(at, at + MESSAGE_BYTES - this.filled);
      this.block.set(part, this.filled);
      this.filled += part.byteLength;
      at += part.byteLength;
      if (this.filled === MESSAGE_BYTES) this.send();
      while (this.inFlight >= IN_FLIGHT) await this.nextMessage();
    }
  }

  async digest(): Promise<Sha256> {
    this.send();
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
    this.thread.postMessage(null);
    while (this.digested === null) await this.nextMessage();
    return Sha256.parse(this.digested);
  }

  async close(): Promise<void> {
    await this.thread.terminate();
  }

  private send(): void {
    if (this.filled === 0) return;
    const block = this.block.subarray(0, this.filled);
    this.thread.postMessage(block, [block.buffer]);
    this.inFlight += 1;
    this.block = new Uint8Array(this.recycled.pop() ?? new ArrayBuffer(MESSAGE_BYTES));
    this.filled = 0;
  }

  private async nextMessage(): Promise<void> {
    if (this.failure !== null) throw this.failure;
    await new Promise<void>((resolve) => (this.wake = resolve));
    if (this.failure !== null) throw this.failure;
  }
}
