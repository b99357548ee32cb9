import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CommitSha, type CollectionSlug, type RepoId } from '../../../core/ids.js';
import { canReadOneByte, canWrite, whoAmI } from '../../../hub/access.js';
import { addToCollection, createCollection, findCollection, holdsModel, readCollection } from '../../../hub/collections.js';
import { listCommitsSince, readTrailers } from '../../../hub/read/commits.js';
import { readSmallFile } from '../../../hub/read/read-small-file.js';
import { openFile } from '../../../hub/read/range.js';
import { readRepo, type RepoFacts } from '../../../hub/read/repo.js';
import { verifyPaths } from '../../../hub/read/verify-files.js';
import { commitOnce, type NewCommit, type CommitOutcome } from '../../../hub/write/commit.js';
import { copyOnServer } from '../../../hub/write/copy-lfs.js';
import { createRepo } from '../../../hub/write/create-repo.js';
import { classifyUploads, uploadBlobs } from '../../../hub/write/upload.js';
import { validateCard } from '../../../hub/write/validate-card.js';
import { describeBytes } from '../../../plan/manifest.js';
import { emptyJournal, fileOf, signal } from '../support.js';
import { HUBS, removeCollection, removeRepo, repoIn, type ConformingHub } from './hubs.js';

const TIMEOUT_MS = 120_000;
const MANIFEST = `sha256:${'5'.repeat(64)}`;
const weights = randomBytes(5_000_000 + 7);
const card = Buffer.from('---\nlicense: apache-2.0\ntags:\n- swp-conformance\n---\n\n# A test of SWP: delete me\n');
const notes = Buffer.from('plain text\n');
const FILES = [fileOf('model.safetensors', weights), fileOf('README.md', card), fileOf('notes/read me.txt', notes)];

/** Each test depends on the state that the tests before it leave on the hub. */
describe.each(HUBS)('the Hub client on $name', ({ open }) => {
  let hub: ConformingHub;
  let repo: RepoId;
  let copy: RepoId;
  let parent: CommitSha;
  let published: CommitSha;
  let collection: CollectionSlug | undefined;
  beforeAll(async () => {
    hub = await open();
    repo = repoIn(hub, 'main');
    copy = repoIn(hub, 'copy');
  }, TIMEOUT_MS);
  afterAll(async () => {
    if (collection !== undefined) await removeCollection(hub, collection).catch(() => undefined);
    for (const made of [repo, copy]) await removeRepo(hub, made).catch(() => undefined);
    await hub.close();
  }, TIMEOUT_MS);

  const read = async (revision?: CommitSha): Promise<RepoFacts> => {
    const found = await readRepo(hub.client, repo, revision, { signal });
    if ('absent' in found) throw new Error(`${repo} is not there`);
    return found;
  };
  const upload = async (files = FILES) => {
    const journal = await emptyJournal();
    try {
      return await uploadBlobs(hub.client, repo, files, { signal, journal, shouldStop: () => false, onProgress: () => undefined });
    } finally {
      await journal.close();
    }
  };
  const commit = (over: Partial<NewCommit> = {}, matches = true): Promise<CommitOutcome> =>
    commitOnce(
      hub.client,
      {
        repo,
        parent,
        title: 'A test commit',
        trailers: { 'SWP-Manifest': MANIFEST },
        files: [
          { path: 'model.safetensors', lfs: { sha256: FILES[0]!.sha256, size: weights.length } },
          { path: 'README.md', content: card },
          { path: 'notes/read me.txt', content: notes },
        ],
        deletions: [],
        ...over,
      },
      { signal, treeMatches: () => Promise.resolve(matches) },
    );

  it('identifies the account of its token, and may write', async () => {
    const identity = await whoAmI(hub.client, { signal });
    expect([identity!.user, ...identity!.orgs].map((name) => name.toLowerCase())).toContain(hub.namespace.toLowerCase());
    expect((await canWrite(hub.client, repo, { signal })).verdict).not.toBe('no');
  });

  it('reports a missing repository as absent', async () => {
    expect(await readRepo(hub.client, repo, undefined, { signal })).toEqual({ absent: true });
  });

  it('creates a private repository, and finds it the second time', async () => {
    const made = [];
    for (const wanted of [repo, repo, copy]) made.push(await createRepo(hub.client, wanted, { private: true, signal }));
    const found = await read();
    // Set before the assertions, so that the next tests can run even when this one fails.
    parent = found.commit;
    expect(made).toEqual(['created', 'exists', 'created']);
    expect(found).toMatchObject({ repo, private: true });
    expect(found.files.every(({ path }) => path === '.gitattributes')).toBe(true);
  });

  it('reports an unknown commit as absent', async () => {
    expect(await readRepo(hub.client, repo, CommitSha.parse('0'.repeat(40)), { signal })).toEqual({ absent: true });
  });

  it('classifies the files that go to LFS', async () => {
    const modes = await classifyUploads(hub.client, repo, FILES, { signal });
    expect([...modes.lfs]).toEqual(['model.safetensors']);
    expect([...modes.regular].toSorted()).toEqual(['README.md', 'notes/read me.txt']);
  });

  it('reports the errors that the Hub finds in a card', async () => {
    expect((await validateCard(hub.client, card.toString(), { signal })).errors).toEqual([]);
    expect((await validateCard(hub.client, '---\nlicense: [\n---\n', { signal })).errors).not.toEqual([]);
  });

  it(
    'sends a blob once',
    async () => {
      expect(await upload()).toMatchObject({ sentBytes: weights.length });
      expect(await upload()).toMatchObject({ sentBytes: 0, skippedBytes: weights.length });
    },
    TIMEOUT_MS,
  );

  it(
    'sends a file that is read once',
    async () => {
      const other = fileOf('other.safetensors', randomBytes(4_000_000));
      expect(await upload([{ ...other, readOnce: true }])).toMatchObject({ sentBytes: other.size, unseenBytes: 0 });
    },
    TIMEOUT_MS,
  );

  it('commits once, and finds the same commit again', async () => {
    const first = await commit();
    if (first.outcome === 'committed') published = first.commit;
    expect(first).toMatchObject({ outcome: 'committed', settled: 'answered' });
    expect(await commit()).toEqual({ outcome: 'committed', commit: published, settled: 'found' });
  });

  it('never commits onto another head', async () => {
    expect(await commit({ trailers: { 'SWP-Manifest': `sha256:${'6'.repeat(64)}` } })).toMatchObject({ outcome: 'stale', head: published });
    expect((await read()).commit).toBe(published);
  });

  it('reads the commit and its trailers', async () => {
    const commits = await listCommitsSince(hub.client, repo, parent, { signal });
    expect(commits.map(({ id }) => id)).toEqual([published]);
    expect(readTrailers(commits[0]!.message)).toEqual({ manifest: MANIFEST });
  });

  it('reads the license, and every file with size and digest', async () => {
    const found = await read(published);
    expect(found.license?.id).toBe('apache-2.0');
    const listed = new Map(found.files.map((file) => [file.path, file]));
    for (const { path, size, sha256 } of FILES) {
      const described = describeBytes(path, path === 'README.md' ? card : path === 'model.safetensors' ? weights : notes);
      expect(listed.get(path)).toMatchObject({
        size,
        ...(path === 'model.safetensors' ? { lfs: sha256 } : { gitBlob: described.gitBlob, lfs: null }),
      });
    }
  });

  it('reads ranges of large and of small files', async () => {
    const bytes = async (path: string, whole: Buffer, begin: number, end: number, lfs: boolean): Promise<Buffer> => {
      const sha256 = FILES.find((file) => file.path === path)!.sha256;
      const reader = openFile(hub.client, { repo, commit: published, path, size: whole.length, lfs: lfs ? sha256 : null });
      const chunks: Uint8Array[] = [];
      for await (const chunk of reader.read(begin, end, signal)) chunks.push(chunk);
      return Buffer.concat(chunks);
    };
    for (const [begin, end] of [
      [0, 1],
      [1_000_001, 2_999_999],
      [weights.length - 1, weights.length],
    ] as const)
      expect((await bytes('model.safetensors', weights, begin, end, true)).equals(weights.subarray(begin, end))).toBe(true);
    expect((await bytes('notes/read me.txt', notes, 2, 7, false)).toString()).toBe('ain t');
  });

  it('distinguishes readable from missing files', async () => {
    const file = { repo, commit: published, path: 'README.md', size: card.length, lfs: null };
    expect(await canReadOneByte(hub.client, file, { signal })).toBe(true);
    expect(await canReadOneByte(hub.client, { ...file, path: 'none.md' }, { signal })).toBe(false);
    await expect(readSmallFile(hub.client, { repo, commit: published, path: 'none.md', maxBytes: 10 }, { signal })).rejects.toMatchObject({
      code: 'hub/file-not-found',
    });
  });

  it(
    'verifies every byte that it has published',
    async () => {
      const files = [
        describeBytes('model.safetensors', weights),
        describeBytes('README.md', card),
        describeBytes('notes/read me.txt', notes),
      ];
      const bytes = files.reduce((sum, { size }) => sum + size, 0);
      expect(await verifyPaths(hub.client, repo, published, files, { signal, sample: 'full' })).toMatchObject({
        mismatches: [],
        readBack: { bytes, ofBytes: bytes },
      });
    },
    TIMEOUT_MS,
  );

  it('copies on the server only files that it offers', async () => {
    const { files } = await read(published);
    const offered = files.flatMap(({ path, lfs, xetHash }) =>
      lfs === null || xetHash === undefined ? [] : [{ path, sha256: lfs, xetHash }],
    );
    const copied = await copyOnServer(hub.client, { source: repo, target: copy, files: offered }, { signal });
    expect(copied).toBeLessThanOrEqual(offered.length);
    const journal = await emptyJournal();
    const options = { signal, journal, shouldStop: () => false, onProgress: () => undefined };
    const { sentBytes } = await uploadBlobs(hub.client, copy, [FILES[0]!], options);
    expect(sentBytes).toBe(copied > 0 ? 0 : weights.length);
    await journal.close();
  });

  it('adds a model to a collection once', async () => {
    const title = `swp-conformance ${repo.split('-').at(-1)}`;
    expect(await findCollection(hub.client, hub.namespace, title, { signal })).toBeNull();
    const wanted = { owner: hub.namespace, title, private: true };
    collection = await createCollection(hub.client, wanted, { signal });
    expect(await createCollection(hub.client, wanted, { signal })).toBe(collection);
    expect(await findCollection(hub.client, hub.namespace, title, { signal })).toBe(collection);
    expect(await addToCollection(hub.client, collection, repo, { signal })).toBe('added');
    expect(await addToCollection(hub.client, collection, repo, { signal })).toBe('unchanged');
    const found = await readCollection(hub.client, collection, { signal });
    expect(found).toMatchObject({ slug: collection, title });
    expect(holdsModel(found!, repo)).toBe(true);
  });

  it('deletes and replaces in one commit', async () => {
    const changed = Buffer.from('changed\n');
    const done = await commit({
      parent: published,
      files: [{ path: 'README.md', content: Buffer.concat([card, changed]) }],
      deletions: ['notes/read me.txt'],
      trailers: { 'SWP-Manifest': `sha256:${'7'.repeat(64)}` },
    });
    expect(done).toMatchObject({ outcome: 'committed' });
    const paths = (await read()).files.map(({ path }) => path).filter((path) => path !== '.gitattributes');
    expect(paths).toEqual(['README.md', 'model.safetensors']);
  });
});
