import { z } from 'zod';
import { ApprovedArtifact } from '../plan/approved.js';
import { ArtifactPlan } from '../plan/artifact-plan.js';
import { CampaignItem } from '../plan/campaign/campaign-decision.js';
import { Repair } from '../plan/findings/repair.js';
import {
  ClaimRequest,
  CommitRequest,
  PlanRequest,
  ProbeRequest,
  FreeRequest,
  UploadRequest,
  VerifyRequest,
} from '../contract/publish-activities.js';
import type {
  ClaimActivities,
  ControlActivities,
  HostActivities,
  LightActivities,
  WaitingActivities,
} from '../contract/publish-activities.js';
import {
  CampaignBatch,
  DecideRequest,
  FollowRequest,
  SelectRequest,
  StartRequest,
  type CampaignActivities,
} from '../contract/campaign-activities.js';
import { Notification } from '../contract/notification.js';
import { BatchRequest, FleetRequest, ReadBackRequest, type RevalidateActivities } from '../contract/revalidate-activities.js';

type ActivityName = keyof (ControlActivities &
  WaitingActivities &
  LightActivities &
  ClaimActivities &
  HostActivities &
  RevalidateActivities &
  CampaignActivities);

/** Schemas of the single argument of each activity: a person who may start a workflow may send any value. */
export const INPUTS: Readonly<Record<ActivityName, z.ZodType>> = {
  planEntry: PlanRequest,
  checkPreconditions: ArtifactPlan,
  verifyArtifact: VerifyRequest,
  findCommit: CommitRequest,
  notify: Notification,
  awaitWorkflow: z.string().min(1),
  probeHost: ProbeRequest,
  claimHost: ClaimRequest,
  buildArtifact: ApprovedArtifact,
  uploadArtifact: UploadRequest,
  commitArtifact: CommitRequest,
  addToCollection: ApprovedArtifact,
  freeHost: FreeRequest,
  listFleet: FleetRequest,
  checkTargets: BatchRequest,
  readBackTargets: ReadBackRequest,
  startRepairs: z.array(Repair),
  selectEntries: SelectRequest,
  planCampaignBatch: CampaignBatch,
  digestCampaign: z.array(CampaignItem),
  startPublishes: StartRequest,
  followPublishes: FollowRequest,
  decidePublishes: DecideRequest,
};
