import { Worker } from 'node:worker_threads';
import { Sha256 } from './ids.js';

/** Handed over at once; smaller pieces cost more to hand over than to hash. */
const BLOCK = 1024 * 1024;
/** Blocks on their way: enough that neither side waits, little enough to hold in memory. */
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

/** SHA-256 of a stream, in a thread of its own: whoever reads the bytes from a network goes on reading meanwhile. */
export class HashThread {
  private readonly thread = new Worker(THREAD, { eval: true });
  private block = new Uint8Array(BLOCK);
  private filled = 0;
  /** Given back by the thread: left to the garbage collector they would outlive their use by far. */
  private readonly spare: ArrayBuffer[] = [];
  private inFlight = 0;
  private wake: (() => void) | null = null;
  private digested: string | null = null;
  private broken: Error | null = null;

  constructor() {
    this.thread.on('message', (answer: string | ArrayBuffer) => {
      if (typeof answer === 'string') this.digested = answer;
      else {
        this.spare.push(answer);
        this.inFlight -= 1;
      }
      this.wake?.();
    });
    this.thread.on('error', (error) => {
      this.broken = error;
      this.wake?.();
    });
  }

  /** Takes bytes, which it copies; resolves at once unless the thread is far behind. */
  async update(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.byteLength;) {
      const part = bytes.subarray(at, at + BLOCK - this.filled);
      this.block.set(part, this.filled);
      this.filled += part.byteLength;
      at += part.byteLength;
      if (this.filled === BLOCK) this.send();
      while (this.inFlight >= IN_FLIGHT) await this.news();
    }
  }

  /** The digest of all bytes; it takes no more after it. */
  async digest(): Promise<Sha256> {
    this.send();
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
    this.thread.postMessage(null);
    while (this.digested === null) await this.news();
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
    this.block = new Uint8Array(this.spare.pop() ?? new ArrayBuffer(BLOCK));
    this.filled = 0;
  }

  private async news(): Promise<void> {
    if (this.broken !== null) throw this.broken;
    await new Promise<void>((resolve) => (this.wake = resolve));
    if (this.broken !== null) throw this.broken;
  }
}
