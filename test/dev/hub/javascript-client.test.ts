import {
  commit,
  createRepo,
  downloadFile,
  HubApiError,
  listCommits,
  listFiles,
  modelInfo,
  pathsInfo,
  repoExists,
  whoAmI,
} from '@huggingface/hub';
import { describe, expect, it } from 'vitest';
import { makeBytes, sha256, startHub, WRITER } from './hub-fixture.js';

const BIG = makeBytes(30_000_000, 7);
const CARD = '---\nlicense: apache-2.0\n---\n# Tiny\n';

const download = async (hubUrl: string, path: string, revision: string): Promise<string> => {
  const blob = await downloadFile({ repo: 'Skulk/tiny', path, revision, hubUrl, accessToken: WRITER.token });
  return sha256(new Uint8Array(await blob!.arrayBuffer()));
};

const collect = async <T>(items: AsyncIterable<T>): Promise<T[]> => {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
};

describe('@huggingface/hub against the local hub', () => {
  it.each([
    ['multipart', 16_000_000],
    ['basic', 1_000_000_000],
  ])('publishes with the %s transfer and reads back what it wrote', async (_, multipartThreshold) => {
    const hub = await startHub({ multipartThreshold });
    const access = { hubUrl: hub.url, accessToken: WRITER.token };
    const repo = 'Skulk/tiny';

    expect(await whoAmI(access)).toMatchObject({ name: 'ada', orgs: [{ name: 'Skulk' }] });
    expect(await repoExists({ repo, ...access })).toBe(false);
    await createRepo({ repo, visibility: 'public', ...access });
    await expect(createRepo({ repo, ...access })).rejects.toMatchObject({ statusCode: 409 });

    const parentCommit = await hub.admin.head(repo);
    const publish = (title: string, files: Record<string, string | Uint8Array>): ReturnType<typeof commit> =>
      commit({
        repo,
        title,
        description: 'Some-Trailer: kept',
        parentCommit,
        useXet: false,
        operations: Object.entries(files).map(([path, content]) => ({
          operation: 'addOrUpdate',
          path,
          content: new Blob([Buffer.from(content)]),
        })),
        ...access,
      });
    const first = await publish('weights', { 'model.safetensors': BIG, 'README.md': CARD });
    const moved = await publish('late', { 'late.txt': 'x' }).catch((error: unknown) => error);
    expect(moved).toBeInstanceOf(HubApiError);
    expect(moved).toMatchObject({ statusCode: 412 });

    const oid = first!.commit.oid;
    const rows = await collect(listFiles({ repo, recursive: true, revision: oid, ...access }));
    expect(rows.map(({ path }) => path)).toEqual(['.gitattributes', 'README.md', 'model.safetensors']);
    expect(rows[2]).toMatchObject({ size: BIG.length, lfs: { oid: sha256(BIG), size: BIG.length } });
    const [info] = await pathsInfo({ repo, paths: ['model.safetensors', 'absent'], expand: true, revision: oid, ...access });
    expect(info).toMatchObject({ path: 'model.safetensors', lastCommit: { id: oid, title: 'weights' } });
    expect(await modelInfo({ name: repo, additionalFields: ['sha', 'cardData', 'tags'], ...access })).toMatchObject({
      sha: oid,
      cardData: { license: 'apache-2.0' },
    });
    const [newest] = await collect(listCommits({ repo, ...access }));
    expect(newest).toMatchObject({ oid, title: 'weights', message: 'Some-Trailer: kept', authors: [{ username: 'ada' }] });

    expect(await download(hub.url, 'model.safetensors', oid)).toBe(sha256(BIG));
    expect(await download(hub.url, 'README.md', oid)).toBe(sha256(Buffer.from(CARD)));
    expect(await downloadFile({ repo, path: 'model.safetensors', revision: parentCommit, ...access })).toBeNull();
    expect(
      hub.requests.filter(({ operation, authorization }) => ['put', 'part', 'complete', 'cdn'].includes(operation) && authorization),
    ).toEqual([]);
    expect(hub.requests.filter(({ operation }) => operation === 'part')).toHaveLength(multipartThreshold > BIG.length ? 0 : 2);
  });
});
