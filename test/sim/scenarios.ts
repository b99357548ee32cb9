import { generateCheckpoint } from '../../dev/checkpoint/generate.js';
import { generateVision } from '../../dev/checkpoint/vision.js';
import type { Scenario } from './sim-world.js';

export const SIM_SCENARIOS = {
  mtp: {
    files: generateCheckpoint({ seed: 5, size: 'small' }).files,
    fields: (source, target) => ({ mtp_source_repo: source, mtp_sidecar_repo: target }),
  },
  vision: {
    files: generateVision({ seed: 5 }).files,
    fields: (source, target) => ({ vision_source_repo: source, vision_sidecar_repo: target }),
  },
} as const satisfies Record<string, Scenario>;
