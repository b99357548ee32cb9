import type { RepoId } from '../../core/ids.js';
import type { CheckpointFile } from '../../formats/mtp/selection.js';
import type { SafetensorsIndex } from '../../formats/safetensors/index-file.js';
import type { SourceFacts } from '../facts.js';

/** What was read of a repository that may be worth an entry: file list, configs, and the headers of its weight files. */
export interface CheckpointFacts {
  readonly source: SourceFacts;
  /** The parsed `config.json`, whatever it holds. */
  readonly config: unknown;
  /** The parsed `hf_quant_config.json`, whatever it holds. */
  readonly modelOpt: unknown;
  readonly index: SafetensorsIndex | undefined;
  /** Weight files with their headers, all tensors kept. */
  readonly files: readonly CheckpointFile[];
}

/** A repository that an entry only points to. */
export interface PointerFacts {
  readonly repo: RepoId;
  /** The parsed `config.json`, whatever it holds. */
  readonly config: unknown;
}

/** What an entry is proposed from. */
export interface ProposalFacts {
  readonly model: CheckpointFacts;
  /** Where heads may be, in the order in which they are looked for: the model, or what it was quantised from. */
  readonly heads: readonly CheckpointFacts[];
  /** A companion that may be the model's drafter. */
  readonly assistant: PointerFacts | null;
  /** The repository that somebody named as the vision encoder's. */
  readonly vision: SourceFacts | null;
}
