import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deleteCollection, deleteRepo } from '@huggingface/hub';
import { RepoId } from '../../../core/ids.js';
import { startLocalHub } from '../../../dev/hub/index.js';
import { withMaxAttempts, type Hub } from '../../../hub/hub.js';
import { hubAt } from '../../support/hub-at.js';

/** A hub that the client must work with. */
export interface ConformingHub {
  readonly client: Hub;
  readonly namespace: string;
  close(): Promise<void>;
}

export interface HubUnderTest {
  readonly name: string;
  readonly open: () => Promise<ConformingHub>;
}

const TOKEN = 'hf_conformancewriter';

const local = (name: string, multipartThreshold: number, serverCopy: boolean): HubUnderTest => ({
  name,
  open: async () => {
    const directory = await mkdtemp(join(tmpdir(), 'swp-conformance-'));
    const tokens = [{ token: TOKEN, user: 'writer', orgs: ['acme'], role: 'write' as const }];
    const hub = await startLocalHub({ directory, tokens, multipartThreshold, chunkSize: 1_000_000, serverCopy });
    return {
      client: hubAt(hub.url, TOKEN),
      namespace: 'acme',
      close: async () => {
        await hub.close();
        await rm(directory, { recursive: true, force: true });
      },
    };
  },
});

const { SWP_CONFORMANCE_ENDPOINT: endpoint, SWP_CONFORMANCE_TOKEN: token, SWP_CONFORMANCE_NAMESPACE: namespace } = process.env;

/** The hub that the environment names, with a token that may create and delete repositories in that namespace. */
const named: HubUnderTest[] =
  endpoint === undefined || token === undefined || namespace === undefined
    ? []
    : [
        {
          name: endpoint,
          open: () =>
            Promise.resolve({
              client: withMaxAttempts(hubAt(endpoint, token), 5),
              namespace,
              close: () => Promise.resolve(),
            }),
        },
      ];

export const HUBS: readonly HubUnderTest[] = [
  local('the local hub, in parts', 2_000_000, true),
  local('the local hub, whole and without copies', 1_000_000_000, false),
  ...named,
];

export const repoIn = ({ namespace: owner }: ConformingHub, purpose: string): RepoId =>
  RepoId.parse(`${owner}/swp-conformance-${purpose}-${Date.now().toString(36)}${Math.random().toString(36).slice(2, 6)}`);

/** Only for tests: SWP itself never deletes a repository. */
export const removeRepo = async ({ client }: ConformingHub, repo: RepoId): Promise<void> => {
  await deleteRepo({ repo, hubUrl: client.endpoint.origin, accessToken: client.token?.reveal() ?? '' });
};

export const removeCollection = async ({ client }: ConformingHub, slug: string): Promise<void> => {
  await deleteCollection({ slug, hubUrl: client.endpoint.origin, accessToken: client.token?.reveal() ?? '' });
};
