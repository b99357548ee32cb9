import type { ArtifactPlan } from '../../plan/artifact-plan.js';
import type { Payload } from '../seal/seal.js';
import { buildPayload, type BuildDeps, type BuildRequest } from './build-payload.js';
import { mirrorPayload } from './mirror.js';

/** Builds the payload of an artifact, or lists the files of a mirror, which has no build. */
export const makePayload = (deps: BuildDeps, request: BuildRequest & { readonly plan: ArtifactPlan }): Promise<Payload> =>
  request.plan.mirrored === undefined ? buildPayload(deps, request) : mirrorPayload(deps.hub, request.plan, request.signal);
