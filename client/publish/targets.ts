import type { Client } from '@temporalio/client';
import { repoKey, type RepoId } from '../../core/ids.js';
import { targetId } from '../../contract/names.js';
import type { HistoryEvent } from './events.js';
import { PlanReader } from './plan-history.js';
import { readRunning, type Running } from './read.js';

/** Returns the target repositories of every round: a later round plans only the stale ones, while the others continue. */
export const targetReposIn = (events: readonly HistoryEvent[]): readonly RepoId[] => {
  const reader = new PlanReader();
  const repos = events.flatMap((event) => reader.read(event)?.artifacts.map(({ target }) => target.repo) ?? []);
  return [...new Map(repos.map((repo) => [repoKey(repo), repo])).values()];
};

/**
 * Reads the workflows of a publish's targets, running or ended. A target's workflow is its lock, which another entry or an
 * earlier publish may hold: skips such a workflow.
 */
export const readTargets = async (client: Client, publish: Running, repos: readonly RepoId[]): Promise<readonly Running[]> => {
  const found = await Promise.all(repos.map((repo) => readRunning(client, targetId(repo))));
  return found.filter(
    (running): running is Running => running !== null && running.entry === publish.entry && running.startedAt >= publish.startedAt,
  );
};
