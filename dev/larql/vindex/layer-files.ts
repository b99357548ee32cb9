import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { padRows, quantise } from '../numbers/blocks.js';
import { layerKey, layerNumbers, OutputFile, type Extraction } from './extraction.js';

const MAGIC = new TextEncoder().encode('LYRW');
const VERSION = 1;
const Q4_K = 4;
const HEADER_BYTES = 24;
const EXPERT_ENTRY_BYTES = 32;

/** Returns the header: magic, sizes, and the positions of gate-and-up and of down of every expert. */
const header = (experts: readonly (readonly [Uint8Array, Uint8Array])[], intermediate: number, hidden: number): Uint8Array => {
  const bytes = new Uint8Array(HEADER_BYTES + experts.length * EXPERT_ENTRY_BYTES);
  bytes.set(MAGIC);
  const view = new DataView(bytes.buffer);
  for (const [at, value] of [VERSION, Q4_K, experts.length, intermediate, hidden].entries()) view.setUint32(4 + at * 4, value, true);
  let offset = bytes.byteLength;
  for (const [at, part] of experts.flat().entries()) {
    view.setBigUint64(HEADER_BYTES + at * 16, BigInt(offset), true);
    view.setBigUint64(HEADER_BYTES + at * 16 + 8, BigInt(part.byteLength), true);
    offset += part.byteLength;
  }
  return bytes;
};

/** Writes `layers/layer_NN.weights` of a hybrid: its packed experts, all in Q4_K. A layer with unreadable experts gets no file. */
export const writeLayerFiles = (extraction: Extraction): void => {
  const { architecture, config, tensors, options, behaviour } = extraction;
  const { experts } = architecture;
  if (experts?.hybrid !== true) return;
  const intermediate = config.moe_intermediate_size ?? 0;
  const { hidden } = config;
  for (const layer of layerNumbers(extraction)) {
    const gateUp = tensors.packed(layerKey(layer, experts.gateUp));
    const down = tensors.packed(layerKey(layer, experts.down));
    if (gateUp === null || down === null) continue;
    const size = hidden * intermediate;
    const blocks = Array.from({ length: config.experts }, (_, at): [Uint8Array, Uint8Array] => {
      // Rows of gate and up are not padded: if the hidden size is not a multiple of a block, larql panics here.
      const padded = padRows({ values: down.subarray(at * size, (at + 1) * size), rows: hidden, columns: intermediate });
      return [
        quantise(gateUp.subarray(at * 2 * size, (at + 1) * 2 * size), 'Q4_K', behaviour.blocks),
        quantise(padded.values, 'Q4_K', behaviour.blocks),
      ];
    });
    mkdirSync(join(options.output, 'layers'), { recursive: true });
    const file = new OutputFile(options.output, `layers/layer_${String(layer).padStart(2, '0')}.weights`);
    for (const part of [header(blocks, intermediate, hidden), ...blocks.flat()]) file.append(part);
    file.close();
  }
};
