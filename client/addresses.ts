import { hubConfigFromEnv, type HubConfig } from '../hub/hub-config.js';
import type { TemporalClient } from '../temporal/connect-client.js';

/** Web pages of the objects that messages name. */
export interface Addresses {
  readonly commit: (repo: string, commit: string) => string;
  readonly repo: (repo: string) => string;
  /** Null if the address of Temporal's Web UI is not known. */
  readonly workflow: (id: string, run?: string) => string | null;
}

const repoAddress = ({ endpoint }: Pick<HubConfig, 'endpoint'>, repo: string): string => `${endpoint.href.replace(/\/$/, '')}/${repo}`;

export const commitAddress = (hub: Pick<HubConfig, 'endpoint'>, repo: string, commit: string): string =>
  `${repoAddress(hub, repo)}/commit/${commit}`;

export const addressesOf = (env: NodeJS.ProcessEnv, { ui, namespace }: Pick<TemporalClient, 'ui' | 'namespace'>): Addresses => {
  const hub = hubConfigFromEnv(env);
  return {
    commit: (repo, commit) => commitAddress(hub, repo, commit),
    repo: (repo) => repoAddress(hub, repo),
    workflow: (id, run) =>
      ui === null
        ? null
        : `${ui}/namespaces/${encodeURIComponent(namespace)}/workflows/${encodeURIComponent(id)}${run === undefined ? '' : `/${run}`}`,
  };
};
