import { CommitSha, GitBlobId, RepoId, Sha256 } from '../../core/ids.js';
import { layoutTensors } from '../../formats/safetensors/write.js';
import type { MtpSelection } from '../../formats/mtp/selection.js';
import type { FileFacts, SourceFacts, TargetFacts } from '../../plan/facts.js';
import { gitBlobOf, sha256Of } from '../../plan/canonical.js';

export const SOURCE = RepoId.parse('Qwen/Qwen3.5-9B-Base');
export const TARGET = RepoId.parse('FoxlightAI/qwen3-5-9b-base-mtp');
export const commit = (digit: string): CommitSha => CommitSha.parse(digit.repeat(40));

export const textFile = (path: string, text: string): FileFacts => {
  const bytes = new TextEncoder().encode(text);
  return { path, size: bytes.byteLength, gitBlob: gitBlobOf(bytes), lfs: null };
};

export const lfsFile = (path: string, size: number, seed: string): FileFacts => ({ path, size, gitBlob: GitBlobId.parse('0'.repeat(40)), lfs: Sha256.parse(sha256Of(seed)) });

export const sourceFacts = (over: Partial<SourceFacts> = {}): SourceFacts => ({
  repo: SOURCE,
  commit: commit('a'),
  private: false,
  gated: false,
  license: { id: 'apache-2.0', name: null, link: null },
  files: [textFile('LICENSE', 'the license'), textFile('README.md', 'hello'), lfsFile('model-00001-of-00002.safetensors', 1000, 'one'), lfsFile('model-00002-of-00002.safetensors', 1000, 'two')],
  ...over,
});
