import { z } from 'zod';
import type { SourceFacts } from '../facts.js';
import type { CheckpointFacts } from './model-facts.js';

/**
 * Names of tensors of vision encoders, and of the parts that join them to the language model. Source: vLLM's and
 * mlx-vlm's loaders.
 */
const VISION_TENSOR =
  /(?:^|\.)(?:vision_tower|vision_model|vision_encoder|vision_embed_tokens|visual|mm_projector|multi_modal_projector)\./;

const Fields = z.record(z.string(), z.unknown());

const describesVision = (config: unknown): boolean => {
  const top = Fields.safeParse(config).data;
  const thinker = Fields.safeParse(top?.['thinker_config']).data;
  return [top, thinker].some((fields) => Fields.safeParse(fields?.['vision_config']).success);
};

/**
 * The place of a model's vision encoder: `bundled` in its own files; `elsewhere` if its config describes one that no file
 * holds; `alone` in a repository that holds nothing else.
 */
export type VisionPlace = 'none' | 'bundled' | 'elsewhere' | 'alone';

export const visionPlace = ({ config, files }: CheckpointFacts): VisionPlace => {
  const tensors = files.flatMap(({ header }) => header.tensors);
  const vision = tensors.filter(({ name }) => VISION_TENSOR.test(name)).length;
  if (vision > 0) return vision === tensors.length ? 'alone' : 'bundled';
  return describesVision(config) ? 'elsewhere' : 'none';
};

/** Notes the files that a mirror of a repository would lack: Skulk's loader requires two files in the root. */
export const mirrorNotes = ({ repo, files }: Pick<SourceFacts, 'repo' | 'files'>): string[] =>
  ['config.json', 'model.safetensors']
    .filter((wanted) => !files.some(({ path }) => path === wanted))
    .map((wanted) => `${repo} has no ${wanted} in its root, which Skulk's loader requires in a vision repository.`);
