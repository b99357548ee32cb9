import { messageOf } from '../../core/error.js';
import type { RepoId } from '../../core/ids.js';
import type { Hub } from '../../hub/hub.js';
import { readRepo } from '../../hub/read/repo.js';
import type { TargetFacts } from '../../plan/facts.js';
import { isEmpty } from '../../plan/target-state.js';
import { findOurCommit, isBrokenRecord, readRecord } from './last-publish.js';

/** Reads the current state of a target: head, files, and our newest publish. */
export const readTarget = async (hub: Hub, repo: RepoId, signal: AbortSignal): Promise<TargetFacts> => {
  const found = await readRepo(hub, repo, undefined, { signal });
  if ('absent' in found) return { repo, exists: false, head: null, private: false, files: [], lastPublish: null, unreadablePublish: null };
  const facts = { repo: found.repo, exists: true, private: found.private, files: found.files };
  if (isEmpty(found.files)) return { ...facts, head: null, lastPublish: null, unreadablePublish: null };
  const ours = await findOurCommit(hub, found.repo, found.commit, signal);
  if (ours === null) return { ...facts, head: found.commit, lastPublish: null, unreadablePublish: null };
  try {
    const { file: _file, ...lastPublish } = await readRecord(hub, found.repo, ours, signal);
    return { ...facts, head: found.commit, lastPublish, unreadablePublish: null };
  } catch (error) {
    // A broken record is a finding for the reviewer, not an error.
    if (isBrokenRecord(error)) return { ...facts, head: found.commit, lastPublish: null, unreadablePublish: messageOf(error) };
    throw error;
  }
};
