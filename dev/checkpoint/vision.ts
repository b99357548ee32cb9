import { randomSafetensors, type SyntheticCheckpoint } from './generate.js';

export interface VisionOptions {
  readonly seed: number;
  readonly hidden?: number;
  readonly layers?: number;
}

const text = (lines: string): Uint8Array => new TextEncoder().encode(lines);

/** Returns the repository of a vision encoder as third parties publish it: weights in one file, and small files beside it. */
export const generateVision = ({ seed, hidden = 64, layers = 3 }: VisionOptions): SyntheticCheckpoint => {
  const tensors = [
    { name: 'vision_tower.patch_embed.weight', dtype: 'BF16' as const, shape: [hidden, 3, 14, 14] },
    ...Array.from({ length: layers }, (_, layer) => [
      { name: `vision_tower.blocks.${layer}.attn.qkv.weight`, dtype: 'BF16' as const, shape: [3 * hidden, hidden] },
      { name: `vision_tower.blocks.${layer}.mlp.weight`, dtype: 'BF16' as const, shape: [4 * hidden, hidden] },
    ]).flat(),
  ];
  const config = { architectures: ['SyntheticVisionModel'], model_type: 'synthetic_vision', vision_config: { hidden_size: hidden } };
  return {
    files: new Map([
      ['README.md', text('---\nlicense: apache-2.0\ntags: [synthetic]\n---\n\n# A synthetic vision encoder\n')],
      ['LICENSE', text('The license of a synthetic vision encoder: do with it what you like.\n')],
      ['NOTICE', text('Made from a seed.\n')],
      ['config.json', text(JSON.stringify(config, null, 2))],
      ['model.safetensors', randomSafetensors(tensors, seed)],
      ['processor/preprocessor_config.json', text('{"size": {"height": 224, "width": 224}}\n')],
    ]),
  };
};
