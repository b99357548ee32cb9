import { readSource } from '../publish/facts/read-source.js';
import { SwpError } from '../core/error.js';
import { parseOrFaults } from '../core/faults.js';
import { RepoId, Revision } from '../core/ids.js';
import { withToken, type Hub } from '../hub/hub.js';
import type { SourceFacts } from '../plan/facts.js';
import { readSettings } from '../settings/settings.js';
import { hubName } from './hub-name.js';
import { hubOf } from './hub-of.js';

/**
 * Parses `owner/name` or `owner/name@revision`.
 *
 * @throws SwpError `client/bad-repo`, `client/bad-revision`
 */
const parseSource = (text: string): { readonly repo: RepoId; readonly revision: Revision | null } => {
  const [name = '', given, ...rest] = text.split('@');
  const repo = parseOrFaults(RepoId, name);
  if ('faults' in repo)
    throw new SwpError('usage', 'client/bad-repo', `${text} is not a repository: its name ${repo.faults[0]?.message}.`, {
      hint: 'Write owner/name, or owner/name@revision.',
    });
  if (given === undefined) return { repo: repo.data, revision: null };
  const revision = parseOrFaults(Revision, [given, ...rest].join('@'));
  if ('faults' in revision)
    throw new SwpError('usage', 'client/bad-revision', `${text}: the revision ${revision.faults[0]?.message}.`, {
      hint: `Leave the revision out to read the newest commit: ${repo.data}`,
    });
  return { repo: repo.data, revision: revision.data };
};

/** Returns the Hub to read sources from the command line: with the source token, and with few attempts. */
export const sourceHub = (env: NodeJS.ProcessEnv): Hub => {
  const { sourceToken } = readSettings(env);
  const own = hubOf(env);
  return sourceToken === null ? own : withToken(own, sourceToken);
};

/**
 * Reads the facts and the file list of a repository at the revision that the text names.
 *
 * @throws SwpError `client/no-source`, and those of {@link parseSource}
 */
export const openSource = async (
  hub: Hub,
  text: string,
  signal: AbortSignal,
): Promise<{ readonly source: SourceFacts; readonly pinned: boolean }> => {
  const { repo, revision } = parseSource(text);
  const source = await readSource(hub, repo, revision, signal);
  if (source === null)
    throw new SwpError('not-found', 'client/no-source', `${hubName(hub)} has no repository ${text}, or does not show it to your token.`, {
      hint: `Check the name${revision === null ? '' : ' and the revision'}; a private or gated repository needs a token that may read it (HF_TOKEN).`,
    });
  return { source, pinned: revision !== null };
};
