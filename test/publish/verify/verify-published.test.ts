import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { verifyPublished } from '../../../publish/verify/verify-published.js';
import { Digest, RepoId, type CommitSha } from '../../../core/ids.js';
import { startLocalHub, type LocalHub } from '../../../dev/hub/index.js';
import { sha256Of } from '../../../core/digests.js';
import { manifestDigest } from '../../../plan/manifest.js';
import { manifestOf, parseProvenance, PROVENANCE_PATH } from '../../../plan/provenance.js';
import { putPublished } from '../../client/offline/published.js';
import { hubAt } from '../../support/hub-at.js';

const TARGET = RepoId.parse('acme/tiny-mtp');
const signal = new AbortController().signal;

let directory: string;
let hub: LocalHub;
let commit: CommitSha;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'swp-verify-'));
  hub = await startLocalHub({ directory, tokens: [{ token: 'hf_reader', user: 'reader', orgs: ['acme'], role: 'read' }] });
  commit = await putPublished(hub, TARGET);
});
afterEach(async () => {
  await hub.close();
  await rm(directory, { recursive: true, force: true });
});

const verify = async () => {
  const provenance = await hub.admin.readFile(TARGET, 'main', PROVENANCE_PATH);
  const client = hubAt(hub.url, 'hf_reader');
  const request = {
    target: TARGET,
    commit,
    manifestDigest: manifestDigest(manifestOf(parseProvenance(provenance))),
    provenanceDigest: Digest.parse(`sha256:${sha256Of(provenance)}`),
    full: true,
  };
  return verifyPublished(client, request, () => undefined, signal);
};
/** Corrupts this many responses with the bytes of a file. */
const corrupt = (path: string, times: number): void => {
  hub.on(({ operation, file, method }) => {
    if (file !== path || method === 'HEAD' || !['cdn', 'resolve'].includes(operation) || times === 0) return undefined;
    times -= 1;
    return { kind: 'corrupt-answer', at: 3 };
  });
};

describe('verification', () => {
  it('counts no wrong reads when all files are read correctly', async () => {
    expect(await verify()).toEqual({ files: 4, readBack: expect.objectContaining({ unreadFiles: 0 }) });
  });

  it.each(['mtp.safetensors', 'README.md'])('passes when %s is read wrong once, and counts it', async (path) => {
    corrupt(path, 1);
    expect(await verify()).toMatchObject({ files: 4, wrongOnce: 1 });
  });

  it('passes when the record is read wrong once', async () => {
    corrupt(PROVENANCE_PATH, 1);
    expect(await verify()).toMatchObject({ files: 4 });
  });

  it('warns against the repository when the Hub lists the sealed files but serves other bytes', async () => {
    corrupt('mtp.safetensors', 9);
    await expect(verify()).rejects.toMatchObject({
      code: 'verify/differs',
      hint: expect.stringMatching(/^Do not load this repository\. The Hub lists/),
    });
  });

  it('points to another writer when the Hub lists other files', async () => {
    commit = await hub.admin.commitFiles(TARGET, new Map([['mtp.safetensors', Buffer.from('mine')]]), { message: 'x' });
    await expect(verify()).rejects.toMatchObject({ code: 'verify/differs', hint: expect.stringContaining('who wrote to it') });
  });
});
