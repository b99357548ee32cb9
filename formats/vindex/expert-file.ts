/** `layers/layer_NN.weights` (larql-vindex/src/format/weights/write_layers.rs): a header, offsets, then blocks. */

/** Six u32: magic, version, quantisation, experts, width of an expert, hidden size. */
export const EXPERT_HEADER = 24;
/** Four u64 for each expert: offset and size of gate and up, offset and size of down. */
export const EXPERT_OFFSETS = 32;
/** `LYRW`. */
export const EXPERT_MAGIC = 0x5752594c;
export const EXPERT_VERSION = 1;
/** The only quantisation that larql writes there. */
export const EXPERT_Q4_K = 4;
