import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { Behaviour } from '../behaviour.js';
import type { ExtractOptions } from '../extract-options.js';
import { encodeHalves } from '../numbers/half.js';
import type { Progress } from '../progress.js';
import type { Architecture } from '../source/architecture.js';
import type { ModelConfig } from '../source/config.js';
import type { Tensors } from '../source/tensors.js';
import type { Tokenizer } from '../source/tokenizer.js';

/** State that every step of an extraction uses. */
export interface Extraction {
  readonly model: string;
  /** Directory of the source. */
  readonly directory: string;
  readonly options: ExtractOptions;
  readonly config: ModelConfig;
  readonly architecture: Architecture;
  readonly tensors: Tensors;
  readonly tokenizer: Tokenizer;
  readonly behaviour: Behaviour;
  readonly progress: Progress;
}

export const layerKey = (layer: number, name: string): string => `layers.${layer}.${name}`;

export const layerNumbers = ({ config }: Extraction): number[] => Array.from({ length: config.layers }, (_, at) => at);

/** Encodes numbers without quantisation. */
export const encodeFloats = (values: Float32Array, dtype: 'f16' | 'f32'): Uint8Array =>
  dtype === 'f16' ? encodeHalves(values) : new Uint8Array(values.buffer.slice(values.byteOffset, values.byteOffset + values.byteLength));

/** A file of the output, written in place and piece by piece, so that an interruption leaves the same as larql's. */
export class OutputFile {
  private readonly descriptor: number;
  offset = 0;

  constructor(
    directory: string,
    readonly name: string,
  ) {
    this.descriptor = openSync(join(directory, name), 'w');
  }

  /** Appends bytes and returns their offset and length. */
  append(bytes: Uint8Array): { readonly offset: number; readonly length: number } {
    const written = { offset: this.offset, length: bytes.byteLength };
    for (let at = 0; at < bytes.byteLength;) at += writeSync(this.descriptor, bytes, at);
    this.offset += bytes.byteLength;
    return written;
  }

  close(): void {
    closeSync(this.descriptor);
  }
}
