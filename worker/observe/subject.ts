import { z } from 'zod';
import { publishId, targetId } from '../../contract/names.js';
import type { Stage } from '../../contract/stages.js';

/** The entry and target that a step works for, as far as they are known. */
export interface Subject {
  readonly entry?: string;
  readonly target?: string;
}

const Plan = z.object({ target: z.object({ repo: z.string() }) }).transform(({ target }): Subject => ({ target: target.repo }));
const Approved = z
  .object({ entryName: z.string(), plan: Plan })
  .transform(({ entryName, plan }): Subject => ({ entry: entryName, ...plan }));

/** The arguments of steps. Each form names its entry or target in another field. */
const Argument = z.union([
  Approved,
  z.object({ approved: Approved }).transform(({ approved }) => approved),
  z.object({ entry: z.object({ name: z.string() }) }).transform(({ entry }): Subject => ({ entry: entry.name })),
  Plan,
  z.object({ target: z.string() }).transform((subject): Subject => subject),
]);

const after = (prefix: string, id: string): string | undefined => (id.startsWith(prefix) ? id.slice(prefix.length) : undefined);

/** Reads the subject from the argument of a step, else from its workflow id, in which a target is in lower case. */
export const subjectOf = (argument: unknown, workflowId: string): Subject => {
  const entry = after(publishId(''), workflowId);
  const target = after(targetId(''), workflowId);
  return {
    ...(entry === undefined ? {} : { entry }),
    ...(target === undefined ? {} : { target }),
    ...Argument.safeParse(argument).data,
  };
};

const STAGES: ReadonlyMap<string, Stage> = new Map<string, Stage>([
  ['planEntry', 'planning'],
  ['probeHost', 'planning'],
  ['claimHost', 'building'],
  ['buildArtifact', 'building'],
  ['uploadArtifact', 'uploading'],
  ['commitArtifact', 'committing'],
  ['findCommit', 'committing'],
  ['verifyArtifact', 'verifying'],
  ['addToCollection', 'collecting'],
]);

/** Returns the stage of a step; undefined for steps that can run in any stage. */
export const stageOf = (step: string): Stage | undefined => STAGES.get(step);
