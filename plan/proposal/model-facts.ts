import type { RepoId } from '../../core/ids.js';
import type { CheckpointFile } from '../../formats/mtp/selection.js';
import type { SafetensorsIndex } from '../../formats/safetensors/index-file.js';
import type { SourceFacts } from '../facts.js';

/** Facts of a repository that may be worth an entry: file list, configs, and the headers of its weight files. */
export interface CheckpointFacts {
  readonly source: SourceFacts;
  /** The parsed `config.json`, not validated. */
  readonly config: unknown;
  /** The parsed `hf_quant_config.json`, not validated. */
  readonly modelOpt: unknown;
  readonly index: SafetensorsIndex | undefined;
  /** Weight files with their headers, all tensors kept. */
  readonly files: readonly CheckpointFile[];
}

/** A repository that an entry only points to. */
export interface PointerFacts {
  readonly repo: RepoId;
  /** The parsed `config.json`, not validated. */
  readonly config: unknown;
}

/** The facts from which an entry is proposed. */
export interface ProposalFacts {
  readonly model: CheckpointFacts;
  /** Checkpoints that may have heads, in the order of the search: the model, or the model from which it was quantised. */
  readonly heads: readonly CheckpointFacts[];
  /** A companion that may be the model's drafter. */
  readonly assistant: PointerFacts | null;
  /** The repository that the user named for the vision encoder. */
  readonly vision: SourceFacts | null;
}
