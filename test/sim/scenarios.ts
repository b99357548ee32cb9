import { generateCheckpoint } from '../../dev/checkpoint/generate.js';
import { generateLlama } from '../../dev/checkpoint/llama.js';
import { generateVision } from '../../dev/checkpoint/vision.js';
import type { Scenario } from './sim-world.js';

export const SIM_SCENARIOS = {
  mtp: {
    files: generateCheckpoint({ seed: 5, size: 'small' }).files,
    partBytes: 20_000,
    fields: (source, target) => ({ mtp_source_repo: source, mtp_sidecar_repo: target }),
  },
  vision: {
    files: generateVision({ seed: 5 }).files,
    partBytes: 20_000,
    fields: (source, target) => ({ vision_source_repo: source, vision_sidecar_repo: target }),
  },
  vindex: {
    files: generateLlama({ seed: 1 }).files,
    partBytes: 140_000,
    fields: (source, target) => ({
      source_model: source,
      quant: 'q4k',
      slices: ['full'],
      output_name: 'model.vindex',
      hf_repo: target,
    }),
  },
} as const satisfies Record<string, Scenario>;
