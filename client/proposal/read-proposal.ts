import { readConfig } from '../../publish/facts/checkpoint-headers.js';
import { readCheckpoint } from '../../publish/facts/read-checkpoint.js';
import { readSource } from '../../publish/facts/read-source.js';
import { SwpError } from '../../core/error.js';
import type { ArtifactKind, CommitSha, RepoId } from '../../core/ids.js';
import { planMtpSidecar } from '../../formats/mtp/selection.js';
import type { Hub } from '../../hub/hub.js';
import { readQuantizedFrom } from '../../hub/read/lineage.js';
import { assistantName } from '../../plan/proposal/assistant.js';
import type { CheckpointFacts, PointerFacts, ProposalFacts } from '../../plan/proposal/model-facts.js';
import { openSource } from '../open-source.js';

/** Number of originals to read from a model's card: a quantisation names no more. */
const MAX_ORIGINALS = 2;

export interface Wanted {
  /** `owner/name` or `owner/name@revision`, as for all repositories here. */
  readonly model: string;
  readonly only?: ArtifactKind;
  readonly mtpFrom?: string;
  readonly assistant?: string;
  readonly visionSource?: string;
}

export interface ReadProposal {
  readonly facts: ProposalFacts;
  /** Commits of the revisions that the user named. */
  readonly pinned: ReadonlySet<CommitSha>;
  /** Repositories that could not be read, with the reasons. */
  readonly notes: readonly string[];
}

/** Reads all facts of a proposal. A repository that the user did not name, and that cannot be read, only leads to a note. */
export const readProposal = async (hub: Hub, wanted: Wanted, signal: AbortSignal): Promise<ReadProposal> => {
  const pinned = new Set<CommitSha>();
  const notes: string[] = [];
  const open = async (text: string) => {
    const { source, pinned: isPinned } = await openSource(hub, text, signal);
    if (isPinned) pinned.add(source.commit);
    return source;
  };
  const tryRead = async <T>(repo: RepoId, read: () => Promise<T>): Promise<T | null> => {
    try {
      return await read();
    } catch (error) {
      if (!(error instanceof SwpError) || error.transient) throw error;
      notes.push(`${repo} could not be read: ${error.message}`);
      return null;
    }
  };

  const originals = async (model: CheckpointFacts): Promise<CheckpointFacts[]> => {
    const { files, index, config, modelOpt, source } = model;
    const own = planMtpSidecar({ files, ...(index === undefined ? {} : { index }), config, modelOpt });
    if (own.heads > 0) return [];
    const repos = await readQuantizedFrom(hub, source.repo, source.commit, { signal });
    const read = repos.slice(0, MAX_ORIGINALS).map((repo) =>
      tryRead(repo, async () => {
        const found = await readSource(hub, repo, null, signal);
        return found === null ? null : readCheckpoint(hub, found, signal);
      }),
    );
    return (await Promise.all(read)).filter((found) => found !== null);
  };

  const pointer = async (repo: RepoId): Promise<PointerFacts | null> => {
    const source = await readSource(hub, repo, null, signal);
    return source === null ? null : { repo: source.repo, config: await readConfig(hub, source, signal) };
  };

  const { only, mtpFrom } = wanted;
  const model = await readCheckpoint(hub, await open(wanted.model), signal);
  const heads = async (): Promise<readonly CheckpointFacts[]> => {
    if (only !== undefined && only !== 'mtp') return [];
    if (mtpFrom !== undefined) return [await readCheckpoint(hub, await open(mtpFrom), signal)];
    return [model, ...(await originals(model))];
  };
  const assistant = async (): Promise<PointerFacts | null> => {
    if (wanted.assistant !== undefined) {
      const source = await open(wanted.assistant);
      return { repo: source.repo, config: await readConfig(hub, source, signal) };
    }
    const name = only === undefined || only === 'vindex' ? assistantName(model) : null;
    return name === null ? null : tryRead(name, () => pointer(name));
  };
  const facts: ProposalFacts = {
    model,
    heads: await heads(),
    assistant: await assistant(),
    vision: wanted.visionSource === undefined ? null : await open(wanted.visionSource),
  };
  return { facts, pinned, notes };
};
