import { createServer, type RequestListener, type Server } from 'node:http';
import { mkdtemp, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { onTestFinished } from 'vitest';
import { CommitSha, RepoId } from '../../core/ids.js';
import { startLocalHub, type LocalHub, type LocalHubOptions } from '../../dev/hub/index.js';
import { THIS_MACHINE } from '../../core/this-machine.js';
import { openHub, type Hub } from '../../hub/hub.js';
import { Secret } from '../../core/secret.js';
import type { NewCommit } from '../../hub/write/commit.js';
import { PartJournal } from '../../hub/write/part-journal.js';
import type { UploadFile } from '../../hub/write/upload.js';
import { sha256Of } from '../../core/digests.js';
import { machineWithClock } from '../support/machine.js';

export const TOKEN = 'hf_hubtestwriter';
export const REPO = RepoId.parse('acme/weights');
export const COMMIT = CommitSha.parse('a'.repeat(40));
export const signal = new AbortController().signal;

/** A client that does not wait, and records the requested waits. */
export const config = (endpoint: string, over: Partial<Hub> = {}): Hub & { readonly waits: number[] } => {
  const waits: number[] = [];
  const sleep = (milliseconds: number): Promise<void> => {
    waits.push(milliseconds);
    return Promise.resolve();
  };
  const { endpoint: _, token = new Secret(TOKEN), ...means } = over;
  const hub = openHub({ endpoint: new URL(endpoint), token }, machineWithClock({ sleep }));
  return { ...hub, waits, ...means };
};

export interface TinyServer {
  readonly url: string;
  close(): Promise<void>;
}

/** A server with the behaviour of this listener. */
export const tiny = async (listener: RequestListener): Promise<TinyServer> => {
  const server: Server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
};

export interface TestHub {
  readonly hub: LocalHub;
  readonly client: ReturnType<typeof config>;
  close(): Promise<void>;
}

export const startTestHub = async (options: Partial<LocalHubOptions> = {}): Promise<TestHub> => {
  const directory = await mkdtemp(join(tmpdir(), 'swp-hub-'));
  const hub = await startLocalHub({ directory, tokens: [{ token: TOKEN, user: 'writer', orgs: ['acme'], role: 'write' }], ...options });
  return {
    hub,
    client: config(hub.url),
    close: async () => {
      await hub.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
};

/** A commit of `notes.md` with this content, to a new repository. */
export const newCommit = async ({ hub }: TestHub, content: Uint8Array): Promise<NewCommit> => {
  const digest = `sha256:${'e'.repeat(64)}`;
  return {
    repo: REPO,
    parent: await hub.admin.createRepo(REPO),
    title: 'Publish',
    trailers: { 'SWP-Plan': digest, 'SWP-Manifest': digest },
    files: [{ path: 'notes.md', content }],
    deletions: [],
  };
};

/** A journal that begins empty, as on the first run of an upload. */
export const emptyJournal = async (): Promise<PartJournal> => {
  const directory = await mkdtemp(join(tmpdir(), 'swp-parts-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return PartJournal.open(THIS_MACHINE, join(directory, 'parts.jsonl'));
};

export const fileOf = (path: string, bytes: Uint8Array): UploadFile => ({
  path,
  size: bytes.byteLength,
  sha256: sha256Of(bytes),
  open: (begin, end) => Readable.from([bytes.subarray(begin, end)]),
});
