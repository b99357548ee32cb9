import { CommitSha, GitBlobId, RepoId } from '../../../core/ids.js';
import { headerOfFile } from '../../../formats/safetensors/header.js';
import { openIndex, type SafetensorsIndex } from '../../../formats/safetensors/index-file.js';
import type { CheckpointFile } from '../../../formats/mtp/selection.js';
import type { SourceFacts } from '../../../plan/facts.js';
import type { CheckpointFacts, ProposalFacts } from '../../../plan/proposal/model-facts.js';

export const COMMIT = CommitSha.parse('c'.repeat(40));

/** The facts of a repository with these files, by path and size. */
export const source = (repo: string, files: ReadonlyMap<string, number>, over: Partial<SourceFacts> = {}): SourceFacts => ({
  repo: RepoId.parse(repo),
  commit: COMMIT,
  private: false,
  gated: false,
  license: { id: 'apache-2.0', name: null, link: null },
  files: [...files].map(([path, size]) => ({ path, size, gitBlob: GitBlobId.parse('b'.repeat(40)), lfs: null })),
  ...over,
});

const readIndex = (bytes: Uint8Array): SafetensorsIndex => {
  const parsing = openIndex(() => true);
  parsing.feed(bytes);
  return parsing.end();
};

/** The facts that are read from a repository with these bytes. */
export const readFiles = (repo: string, bytes: ReadonlyMap<string, Uint8Array>, over: Partial<SourceFacts> = {}): CheckpointFacts => {
  const json = (path: string): unknown => {
    const found = bytes.get(path);
    return found === undefined ? undefined : JSON.parse(Buffer.from(found).toString());
  };
  const index = bytes.get('model.safetensors.index.json');
  return {
    source: source(repo, new Map([...bytes].map(([path, { byteLength }]) => [path, byteLength])), over),
    config: json('config.json'),
    modelOpt: json('hf_quant_config.json'),
    index: index === undefined ? undefined : readIndex(index),
    files: [...bytes].flatMap(([path, content]): CheckpointFile[] =>
      path.endsWith('.safetensors') ? [{ path, size: content.byteLength, header: headerOfFile(content) }] : [],
    ),
  };
};

/** The facts of a repository with only a config and headers. */
export const readHeaders = (repo: string, config: unknown, files: readonly CheckpointFile[]): CheckpointFacts => ({
  source: source(repo, new Map([['config.json', 100], ['tokenizer.json', 100], ...files.map(({ path, size }) => [path, size] as const)])),
  config,
  modelOpt: undefined,
  index: undefined,
  files,
});

export const factsOf = (model: CheckpointFacts, over: Partial<ProposalFacts> = {}): ProposalFacts => ({
  model,
  heads: [model],
  assistant: null,
  vision: null,
  ...over,
});
