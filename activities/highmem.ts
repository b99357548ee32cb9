import { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import { HOST_BUSY } from '../contract/names.js';
import { messageOf } from '../core/error.js';
import type { Hub } from '../hub/hub.js';
import type { ArtifactPlan } from '../plan/artifact-plan.js';
import { assertApproved, assertReleased, type ApprovedArtifact } from '../plan/approved.js';
import { manifestDigest as digestOfManifest } from '../plan/manifest.js';
import type { ClaimActivities, HostActivities, LightActivities } from '../contract/publish-activities.js';
import type { BuildRequest, BuildDeps } from '../publish/build/build-payload.js';
import { makePayload } from '../publish/build/make-payload.js';
import { commitSealed } from '../publish/commit/commit-sealed.js';
import { collectTarget } from '../publish/collection/add-to-collection.js';
import { withRetryReporting, withHeartbeat } from './heartbeat.js';
import type { ReportProgress } from '../publish/progress.js';
import type { HostLarql } from '../publish/facts/host-larql.js';
import { probeHost } from '../publish/facts/probe-host.js';
import { RequestNotSent } from '../publish/commit/request-not-sent.js';
import { endDamage } from '../publish/build/vindex/extracted-digests.js';
import { assertOwnDirectory } from '../publish/scratch/open-scratch.js';
import type { ScratchParts } from '../publish/scratch/scratch-parts.js';
import { capacityOf } from '../publish/scratch/capacity.js';
import { openSealed, publishedPayload, seal, type Payload, type Sealed, isSealLost } from '../publish/seal/seal.js';
import { assertTargetAllowed } from '../publish/upload/allowed-targets.js';
import { uploadSealed } from '../publish/upload/upload-sealed.js';
import { inputsOf, shouldDeferClaim } from '../publish/build/vindex/shared-inputs-of.js';

export interface HighmemDeps extends ScratchParts {
  readonly host: string;
  readonly larql: HostLarql;
  /** Has the write token; used only for calls that concern the target. */
  readonly writeHub: Hub;
  /** Has the token for sources, which may differ from the write token. */
  readonly sourceHub: Hub;
  /** Namespaces that this worker may write to; null if only the token decides. */
  readonly targets: readonly string[] | null;
  /** The limit of this host's uploads, in bytes per second; null for none. */
  readonly uploadRate: number | null;
  /** Longest wait before a refused claim is retried, in milliseconds. */
  readonly busyRetryMs: number;
  /**
   * Wait before a deferred claim is retried, in milliseconds: another host may have done more of its work. Also the first
   * wait of a refused claim, which grows with each attempt: with several hosts, another one may have a free slot.
   */
  readonly deferMs: number;
  readonly defersClaims: boolean;
  /** True once the process has to stop: an upload then ends at the boundary of a part. */
  readonly shouldStop: () => boolean;
}

/** Returns the workflow id of the artifact that a step works for, which is also the holder of the claim. */
const holderOf = (): string => Context.current().info.workflowExecution?.workflowId ?? '';

/** Returns the directories where a person finds the sealed files. */
const directoriesOf = ({ files }: Sealed): string[] => [
  ...new Set(files.flatMap(({ path, bytes }) => (bytes.at === 'scratch' ? [bytes.path.slice(0, -path.length - 1)] : []))),
];

/**
 * Factor by which the wait grows after each refusal. It is small, because the next attempt may reach the same full host: a
 * dozen attempts fit in the first minute.
 */
const BUSY_GROWTH = 1.3;

/**
 * Runs a step on the sealed files. Returns `scratch-lost` if they are missing or differ: this host has to build them
 * again.
 */
const orScratchLost = async <T>(run: () => Promise<T>): Promise<T | { readonly outcome: 'scratch-lost'; readonly reason: string }> => {
  try {
    return await run();
  } catch (error) {
    if (isSealLost(error)) return { outcome: 'scratch-lost', reason: messageOf(error) };
    throw error;
  }
};

/** Creates the steps of a high-memory host: probing it, claiming it, and the heavy work of one artifact. */
export const createHighmemActivities = (deps: HighmemDeps): LightActivities & ClaimActivities & HostActivities => {
  const admit = async (approved: ApprovedArtifact): Promise<void> => {
    assertApproved(approved);
    assertTargetAllowed(approved.plan.target.repo, deps.targets);
    await assertOwnDirectory(deps.machine, deps.layout.root);
  };
  const withHostHeartbeat = <T>(step: string, run: (signal: AbortSignal, report: ReportProgress) => Promise<T>): Promise<T> =>
    withHeartbeat(step, run, deps.host);
  const hubs = (report: ReportProgress) => ({
    hub: withRetryReporting(deps.writeHub, report),
    sourceHub: withRetryReporting(deps.sourceHub, report),
  });
  /** Waits until the trash is deleted, because a claim counts its space as free. */
  const awaitDeletion = async (report: ReportProgress, signal: AbortSignal): Promise<void> => {
    if ((await deps.trash.bytes()) === 0) return;
    report({ note: 'deleting unused files' });
    await deps.trash.empty(signal);
    report({});
  };
  const payloadOf = (source: BuildDeps, request: BuildRequest & { readonly plan: ArtifactPlan }): Promise<Payload> => {
    const { plan, signal } = request;
    return plan.action === 'metadata-only' ? publishedPayload(deps.writeHub, plan, signal) : makePayload(source, request);
  };
  return {
    probeHost: (request) =>
      withHostHeartbeat('probing', (signal, report) =>
        probeHost(
          {
            host: deps.host,
            writeHub: withRetryReporting(deps.writeHub, report),
            sourceHub: withRetryReporting(deps.sourceHub, report),
            targets: deps.targets,
            uploadRate: deps.uploadRate,
            capacity: () => capacityOf(deps.machine.files, deps.layout.root),
            larql: deps.larql,
          },
          request,
          signal,
        ),
      ),

    claimHost: ({ holder, recipeDigest, diskBytes, memoryBytes = 0, recipe, excludedHost }) =>
      withHostHeartbeat('claiming a host', async () => {
        const { attempt } = Context.current().info;
        if (deps.defersClaims && recipe?.kind === 'vindex' && (await shouldDeferClaim(recipe, deps.shared, attempt)))
          throw ApplicationFailure.create({
            type: HOST_BUSY,
            message: `Host ${deps.host} defers the claim of ${holder}: another host may already have staged or extracted its source.`,
            nextRetryDelay: deps.deferMs,
          });
        const inputs = recipe?.kind === 'vindex' ? inputsOf(recipe) : [];
        const answer =
          excludedHost === deps.host
            ? { granted: false as const, reason: 'a person moved it to another host, so another high-memory worker has to claim it' }
            : await deps.claims.claim({ holder, recipeDigest, diskBytes, memoryBytes, inputs });
        if (answer.granted) return { host: deps.host };
        throw ApplicationFailure.create({
          type: HOST_BUSY,
          message: `Host ${deps.host} cannot accept ${holder} now: ${answer.reason}.`,
          nextRetryDelay: Math.min(deps.busyRetryMs, deps.deferMs * BUSY_GROWTH ** (attempt - 1)),
        });
      }),

    buildArtifact: (approved) =>
      withHostHeartbeat('building', async (signal, report) => {
        await admit(approved);
        await awaitDeletion(report, signal);
        const { plan } = approved;
        const source = {
          hub: withRetryReporting(deps.sourceHub, report),
          layout: deps.layout,
          shared: deps.shared,
          larql: deps.larql,
          shouldStop: deps.shouldStop,
        };
        const payload = await payloadOf(source, { plan, holder: holderOf(), report, signal }).catch((error: unknown) => {
          throw endDamage(error, Context.current().info.attempt);
        });
        const sealed = await seal(source, approved, payload, signal);
        return {
          manifestDigest: digestOfManifest(sealed.manifest),
          files: sealed.files.length,
          bytes: sealed.files.reduce((sum, file) => sum + file.size, 0),
          ...(approved.needsRelease === true ? { sealedIn: directoriesOf(sealed) } : {}),
        };
      }),

    uploadArtifact: ({ approved, manifestDigest }) =>
      withHostHeartbeat('uploading', async (signal, report) => {
        await admit(approved);
        assertReleased(approved, manifestDigest);
        const target = { ...hubs(report), layout: deps.layout, shouldStop: deps.shouldStop };
        return orScratchLost(async () => uploadSealed(target, approved, await openSealed(deps, approved, manifestDigest), report, signal));
      }),

    commitArtifact: ({ approved, manifestDigest, parent }) =>
      withHostHeartbeat('committing', async (signal, report) => {
        let isSent = false;
        const onSent = (): void => void (isSent = true);
        try {
          await admit(approved);
          assertReleased(approved, manifestDigest);
          const target = { ...hubs(report), layout: deps.layout, onSent };
          return await orScratchLost(async () =>
            commitSealed(target, approved, await openSealed(deps, approved, manifestDigest), parent, signal),
          );
        } catch (error) {
          if (isSent) throw error;
          // An earlier attempt may have sent a request before its worker died.
          throw new RequestNotSent(error, Context.current().info.attempt > 1 ? 'nothing-sent-now' : 'nothing-sent');
        }
      }),

    addToCollection: (approved) =>
      withHostHeartbeat('collecting', (signal, report) =>
        collectTarget({ hub: withRetryReporting(deps.writeHub, report), targets: deps.targets }, approved, signal),
      ),

    freeHost: ({ holder, recipeDigest, what }) =>
      withHostHeartbeat('freeing the host', async () => {
        if (what === 'slot') return deps.claims.freeSlot(holder);
        await deps.claims.free(holder, recipeDigest);
        await deps.shared.free(holder);
      }),
  };
};
