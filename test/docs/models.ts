import { generateGemma4 } from '../../dev/checkpoint/gemma4.js';
import { generateCheckpoint } from '../../dev/checkpoint/generate.js';
import { generateLlama } from '../../dev/checkpoint/llama.js';
import { generateVision } from '../../dev/checkpoint/vision.js';
import type { LocalHub } from '../../dev/hub/index.js';

const quantisedFrom = (base: string): Record<string, string> => ({
  'README.md': `---\nlicense: apache-2.0\nbase_model: ${base}\nbase_model_relation: quantized\n---\n`,
});

/** Small, random versions of the models that the documents name. */
const MODELS: readonly (readonly [string, ReadonlyMap<string, Uint8Array>, Record<string, string>?])[] = [
  ['Qwen/Qwen3.5-4B-Base', generateCheckpoint({ seed: 5, size: 'small' }).files],
  ['Qwen/Qwen3.5-9B-Base', generateCheckpoint({ seed: 1, size: 'small' }).files],
  [
    'mlx-community/Qwen3.5-9B-OptiQ-4bit',
    generateCheckpoint({ seed: 1, size: 'small', withMtp: false }).files,
    quantisedFrom('Qwen/Qwen3.5-9B-Base'),
  ],
  ['meta-llama/Llama-3.2-3B-Instruct', generateLlama({ seed: 2 }).files],
  ['google/gemma-4-26b-a4b-it', generateGemma4({ seed: 1 }).files],
  ['labs/vision-encoder', generateVision({ seed: 4, hidden: 64 }).files],
];

export const seedModels = async (hub: LocalHub): Promise<void> => {
  for (const [repo, files, over = {}] of MODELS) {
    const all = new Map(files);
    for (const [path, text] of Object.entries(over)) all.set(path, Buffer.from(text));
    await hub.admin.createRepo(repo);
    await hub.admin.commitFiles(repo, all, { message: 'A model in small' });
  }
};
