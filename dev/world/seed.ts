import { generateCheckpoint } from '../checkpoint/generate.js';
import type { LocalHub } from '../hub/index.js';
import { RepoId } from '../../core/ids.js';

/** The demonstration entry: a sidecar alone, the everyday case. */
export const DEMO = {
  entry: 'demo/qwen3-5-tiny-mtp',
  source: RepoId.parse('demo-labs/Qwen3.5-tiny-Base'),
  target: RepoId.parse('demo/qwen3-5-tiny-base-mtp'),
} as const;

export const DEMO_CATALOG = `models:
  - key: qwen3-5-tiny-mtp
    tier: smoke
    mtp_source_repo: ${DEMO.source}
    mtp_sidecar_repo: ${DEMO.target}
`;

export const DEMO_SETTINGS = `sources:
  - name: demo
    path: catalog.yaml
`;

/** The tokens of the local hub: one reads, one writes. They open nothing else. */
export const DEMO_TOKENS = { read: 'hf_localdemoreadonlytoken', write: 'hf_localdemowritetoken' } as const;

/** Puts a synthetic checkpoint on the local hub, once. */
export const seedHub = async (hub: LocalHub): Promise<void> => {
  if (await hub.admin.exists(DEMO.source)) return;
  const { files } = generateCheckpoint({ seed: 1 });
  await hub.admin.createRepo(DEMO.source, { private: false });
  await hub.admin.commitFiles(DEMO.source, files, { message: 'A synthetic checkpoint' });
};
