import { generateCheckpoint } from '../checkpoint/generate.js';
import { generateLlama } from '../checkpoint/llama.js';
import { generateVision } from '../checkpoint/vision.js';
import type { LocalHub } from '../hub/index.js';
import { RepoId } from '../../core/ids.js';

/** The demonstration entry, with the source and the target of its MTP heads, its vision encoder and its vindex. */
export const DEMO = {
  entry: 'demo/qwen3-5-tiny',
  mtp: { source: RepoId.parse('demo-labs/Qwen3.5-tiny-Base'), target: RepoId.parse('demo/qwen3-5-tiny-base-mtp') },
  vision: { source: RepoId.parse('demo-labs/tiny-vision-encoder'), target: RepoId.parse('demo/qwen3-5-tiny-vision') },
  vindex: { source: RepoId.parse('demo-labs/tiny-llama'), target: RepoId.parse('demo/tiny-llama-vindex') },
} as const;

const VINDEX_FIELDS = `    source_model: ${DEMO.vindex.source}
    quant: q4k
    slices: [full]
    output_name: tiny-llama.vindex
    hf_repo: ${DEMO.vindex.target}
`;

/** @param larql true if larql is installed; only then the entry has a vindex */
export const demoCatalog = (larql: boolean): string => `models:
  - key: qwen3-5-tiny
    tier: smoke
    mtp_source_repo: ${DEMO.mtp.source}
    mtp_sidecar_repo: ${DEMO.mtp.target}
    vision_source_repo: ${DEMO.vision.source}
    vision_sidecar_repo: ${DEMO.vision.target}
${larql ? VINDEX_FIELDS : ''}`;

export const DEMO_SETTINGS = `sources:
  - name: demo
    path: catalog.yaml
include_foxlight: false
`;

/** Tokens of the local hub: one can read, the other can write. They are valid nowhere else. */
export const DEMO_TOKENS = { read: 'hf_localdemoreadonlytoken', write: 'hf_localdemowritetoken' } as const;

/** Creates the synthetic source repositories on the local hub, unless they exist. */
export const seedHub = async (hub: LocalHub): Promise<void> => {
  const sources = [
    { repo: DEMO.mtp.source, make: () => generateCheckpoint({ seed: 1 }) },
    { repo: DEMO.vision.source, make: () => generateVision({ seed: 1, hidden: 1024 }) },
    { repo: DEMO.vindex.source, make: () => generateLlama({ seed: 1 }) },
  ];
  for (const { repo, make } of sources) {
    if (await hub.admin.exists(repo)) continue;
    await hub.admin.createRepo(repo, { private: false });
    await hub.admin.commitFiles(repo, make().files, { message: 'A synthetic checkpoint' });
  }
};
