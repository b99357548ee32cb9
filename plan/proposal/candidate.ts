import { ownerOf, repoKey } from '../../core/ids.js';
import type { Catalog } from '../../catalog/load.js';
import { artifactsOf } from '../../catalog/artifacts.js';
import type { ListedModel } from '../../hub/read/search.js';

/** The reason why a model is not a candidate for the catalog. */
export type UnfitReason = 'in the catalog' | 'no safetensors' | 'quantised' | 'derived' | 'no language model';

/** Formats that only conversions have. Not `fp8` or `compressed-tensors`: some original checkpoints have them. */
const CONVERTED = new Set(['gguf', 'gptq', 'awq', 'exl2', 'exl3', 'mlx', 'bitsandbytes', 'onnx', 'openvino']);
const DERIVED = new Set(['lora', 'peft', 'merge', 'mergekit']);
const TASKS = new Set(['text-generation', 'image-text-to-text', 'video-text-to-text', 'audio-text-to-text', 'any-to-any']);

const BASE = /^base_model:(quantized|adapter|merge|finetune):([^/]+)\/.+$/;

/** Returns the relations of a model to its base models. An owner's fine-tune of its own base counts as an original. */
const relationsOf = ({ repo, tags }: ListedModel): Set<string> => {
  const own = repoKey(ownerOf(repo));
  return new Set(
    tags.flatMap((tag) => {
      const [, relation = '', owner = ''] = BASE.exec(tag) ?? [];
      return relation === '' || (relation === 'finetune' && repoKey(owner) === own) ? [] : [relation];
    }),
  );
};

/** Returns the keys of the repositories that a catalog reads, writes or points to. */
export const knownRepos = ({ entries }: Catalog): ReadonlySet<string> =>
  new Set(
    [...entries.values()]
      .flatMap(({ entry }) => [entry.assistant_model_repo ?? [], ...artifactsOf(entry).flatMap(({ source, target }) => [source, target])])
      .flat()
      .map(repoKey),
  );

/**
 * Decides from the Hub's list only: a model's headers decide later whether it can be published. Returns null for a
 * candidate.
 */
export const unfitReasonOf = (model: ListedModel, known: ReadonlySet<string>): UnfitReason | null => {
  const { repo, tags, task } = model;
  if (known.has(repoKey(repo))) return 'in the catalog';
  const relations = relationsOf(model);
  if (relations.has('quantized') || tags.some((tag) => CONVERTED.has(tag.toLowerCase()))) return 'quantised';
  if (relations.size > 0 || tags.some((tag) => DERIVED.has(tag.toLowerCase()))) return 'derived';
  if (!tags.includes('safetensors')) return 'no safetensors';
  return task === null || TASKS.has(task) ? null : 'no language model';
};
