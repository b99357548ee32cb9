import type { VindexQuant, VindexSlice } from '../../formats/vindex/extract-options.js';

/**
 * Returns the slug of a repository: `google/gemma-3-4b-it` → `gemma-3-4b-it`; `mistralai/Mixtral-8x7B-Instruct-v0.1` →
 * `mixtral-8x7b-instruct-v0-1`.
 */
export const slugOf = (repo: string): string =>
  repo
    .slice(repo.indexOf('/') + 1)
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '');

/** Removes the suffix of an instruction-tuned model, which keys do not have: `gemma-3-4b`, `mixtral-8x7b`. */
const shortOf = (slug: string): string => slug.replace(/-(?:it|instruct|chat)(?:-v\d+(?:-\d+)*)?$/, '');

/** larql writes F16 at quant none. */
const QUANT_WORDS: Record<VindexQuant, string> = { q4k: 'q4-k', none: 'f16' };

interface Built {
  readonly quant: VindexQuant;
  readonly slice: VindexSlice;
}

const suffixOf = ({ quant, slice }: Built): string => `${slice}-${QUANT_WORDS[quant]}`;

/** Returns the base name of the target and the directory of a vindex: `gemma-3-4b-it-full-q4-k`. */
export const outputOf = (model: string, built: Built): string => `${slugOf(model)}-${suffixOf(built)}`;

export const sidecarOf = (source: string): string => `${slugOf(source)}-mtp`;

export const mirrorOf = (source: string): string => `${slugOf(source).replace(/-vision(?:-(?:encoder|tower))?$/, '')}-vision`;

/** Returns the key of an entry with a vindex: `gemma-3-4b-full-q4-k`. */
export const vindexKey = (model: string, built: Built): string => `${shortOf(slugOf(model))}-${suffixOf(built)}`;
