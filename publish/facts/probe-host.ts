import { canReadOneByte, canWrite } from '../../hub/access.js';
import type { Hub } from '../../hub/hub.js';
import { messageOf, SwpError } from '../../core/error.js';
import type { CollectionSlug, RepoId } from '../../core/ids.js';
import type { HostFacts } from '../../plan/facts.js';
import type { ProbeRequest } from '../../contract/publish-activities.js';
import { readSource } from './read-source.js';
import type { HostLarql } from './host-larql.js';
import { assertTargetAllowed } from '../upload/allowed-targets.js';

export interface ProbeDeps {
  readonly host: string;
  readonly writeHub: Hub;
  /** The limit of this host's uploads, in bytes per second; null for none. */
  readonly uploadRate: number | null;
  /** Holds the token for gated sources, if the host has one. */
  readonly sourceHub: Hub;
  /** Namespaces that this worker may write to; null if only the token decides. */
  readonly targets: readonly string[] | null;
  /** Bytes of disk that are free, or will be free once all work in the host's scratch has ended. */
  readonly capacity: () => Promise<number>;
  readonly larql: HostLarql;
}

type SourceAccess = HostFacts['sources'][number];

const probeSource = async (hub: Hub, { repo, revision }: ProbeRequest['sources'][number], signal: AbortSignal): Promise<SourceAccess> => {
  try {
    const source = await readSource(hub, repo, revision, signal);
    const smallest = source?.files
      .filter((file) => file.size > 0)
      .toSorted((a, b) => Number(b.lfs !== null) - Number(a.lfs !== null) || a.size - b.size)[0];
    if (source === null || smallest === undefined)
      return { repo, readable: false, reason: `With the token of the high-memory host, ${repo} has no file to read.` };
    const canRead = await canReadOneByte(
      hub,
      { repo: source.repo, commit: source.commit, path: smallest.path, size: smallest.size, lfs: smallest.lfs },
      { signal },
    );
    return canRead
      ? { repo, readable: true, reason: `The high-memory host can read ${repo}.` }
      : { repo, readable: false, reason: `The token of the high-memory host may not read ${repo}.` };
  } catch (error) {
    if (error instanceof SwpError && error.transient) throw error;
    const isAnswerWrong = error instanceof SwpError && error.kind === 'integrity';
    return {
      repo,
      readable: false,
      reason: `The high-memory host cannot read ${repo}: ${messageOf(error)}`,
      ...(isAnswerWrong
        ? {
            hint: 'The answers of the Hub arrive damaged; the token is not the cause. Check the path between the host and the Hub, then retry.',
          }
        : {}),
    };
  }
};

const probeTarget = async (deps: ProbeDeps, repo: RepoId | CollectionSlug, signal: AbortSignal): Promise<HostFacts['targets'][number]> => {
  try {
    assertTargetAllowed(repo, deps.targets);
  } catch (error) {
    return { repo, writable: 'no', reason: messageOf(error) };
  }
  const { verdict, reason } = await canWrite(deps.writeHub, repo, { signal });
  return { repo, writable: verdict, reason };
};

/**
 * Probes this host for a plan: read access to each source, write access to each target, available disk, memory, upload
 * rate limit and, if requested, its larql.
 */
export const probeHost = async (deps: ProbeDeps, request: ProbeRequest, signal: AbortSignal): Promise<HostFacts> => {
  const sources = await Promise.all(request.sources.map((source) => probeSource(deps.sourceHub, source, signal)));
  const targets = await Promise.all(request.targets.map((repo) => probeTarget(deps, repo, signal)));
  const larql = request.larql === true ? { larql: await deps.larql.facts(signal) } : {};
  return {
    host: deps.host,
    availableDiskBytes: await deps.capacity(),
    memoryBytes: deps.writeHub.machine.memoryBytes,
    uploadRate: deps.uploadRate,
    sources,
    targets,
    ...larql,
  };
};
