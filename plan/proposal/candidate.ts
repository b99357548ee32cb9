import { ownerOf, repoKey } from '../../core/ids.js';
import type { Catalog } from '../../catalog/load.js';
import { artifactsOf } from '../../catalog/artifacts.js';
import type { ListedModel } from '../../hub/read/search.js';

/** Why a model is no candidate for the catalog. */
export type Unfit = 'in the catalog' | 'no safetensors' | 'quantised' | 'derived' | 'no language model';

/** Formats that only conversions have. Not `fp8` or `compressed-tensors`: some original checkpoints are published so. */
const CONVERTED = new Set(['gguf', 'gptq', 'awq', 'exl2', 'exl3', 'mlx', 'bitsandbytes', 'onnx', 'openvino']);
const DERIVED = new Set(['lora', 'peft', 'merge', 'mergekit']);
const TASKS = new Set(['text-generation', 'image-text-to-text', 'video-text-to-text', 'audio-text-to-text', 'any-to-any']);

const BASE = /^base_model:(quantized|adapter|merge|finetune):([^/]+)\/.+$/;

/** How a model came from others: an owner's fine-tune of its own base is an original all the same. */
const relationsOf = ({ repo, tags }: ListedModel): Set<string> => {
  const own = repoKey(ownerOf(repo));
  return new Set(
    tags.flatMap((tag) => {
      const [, relation = '', owner = ''] = BASE.exec(tag) ?? [];
      return relation === '' || (relation === 'finetune' && repoKey(owner) === own) ? [] : [relation];
    }),
  );
};

/** The repositories that a catalog reads, writes or points to, by key. */
export const knownRepos = ({ entries }: Catalog): ReadonlySet<string> =>
  new Set(
    [...entries.values()]
      .flatMap(({ entry }) => [entry.assistant_model_repo ?? [], ...artifactsOf(entry).flatMap(({ source, target }) => [source, target])])
      .flat()
      .map(repoKey),
  );

/** Judges by what a list says; whether it can be published is for its headers to say. Null for a candidate. */
export const unfitOf = (model: ListedModel, known: ReadonlySet<string>): Unfit | null => {
  const { repo, tags, task } = model;
  if (known.has(repoKey(repo))) return 'in the catalog';
  const relations = relationsOf(model);
  if (relations.has('quantized') || tags.some((tag) => CONVERTED.has(tag.toLowerCase()))) return 'quantised';
  if (relations.size > 0 || tags.some((tag) => DERIVED.has(tag.toLowerCase()))) return 'derived';
  if (!tags.includes('safetensors')) return 'no safetensors';
  return task === null || TASKS.has(task) ? null : 'no language model';
};
