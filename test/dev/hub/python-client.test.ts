import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { pythonEnvironment } from '../../support/python.js';
import { makeBytes, makeDirectory, startHub, WRITER } from './hub-fixture.js';

const PROGRAM = fileURLToPath(new URL('publish.py', import.meta.url));

describe("Python's huggingface_hub against the local hub", () => {
  it.each([
    ['multipart', 16_000_000],
    ['basic', 1_000_000_000],
  ])('publishes with the %s transfer and reads back what it wrote', async (_, multipartThreshold) => {
    const python = await pythonEnvironment();
    const hub = await startHub({ multipartThreshold, pageSize: 2 });
    await hub.admin.createRepo('Other/gated', { gated: 'manual' });
    await hub.admin.commitFiles('Other/gated', new Map([['README.md', Buffer.from('# Gated\n')]]), { message: 'card' });

    const env = {
      HF_ENDPOINT: hub.url,
      HF_TOKEN: WRITER.token,
      HF_HOME: await makeDirectory(),
      HF_HUB_DISABLE_XET: '1',
      HF_HUB_DISABLE_TELEMETRY: '1',
      HF_HUB_DISABLE_PROGRESS_BARS: '1',
      NO_PROXY: '127.0.0.1',
    };
    const { stdout } = await execa(python, [PROGRAM], { env });
    const { first, second, ...result } = z.record(z.string(), z.unknown()).parse(JSON.parse(stdout));
    expect(result).toEqual({
      user: 'ada',
      again: expect.stringContaining('Skulk/tiny'),
      moved: ['HfHubHTTPError', 412],
      files: ['.gitattributes', 'README.md', 'weights/model.safetensors'],
      tree: { 'weights/model.safetensors': expect.stringMatching(/^[0-9a-f]{64}$/) },
      paths: ['README.md', 'weights'],
      license: 'apache-2.0',
      commits: [
        [second, 'more', 'Some-Trailer: kept'],
        [first, 'weights', 'Some-Trailer: kept'],
      ],
      branch: second,
      downloads: { 'weights/model.safetensors': true, 'README.md': true },
      snapshot: ['.gitattributes', 'README.md', 'more.txt', 'weights'],
      noEntry: ['RemoteEntryNotFoundError', 404],
      noRevision: ['RevisionNotFoundError', 404],
      noRepo: ['RepositoryNotFoundError', 404],
      gated: ['GatedRepoError', 403],
      otherSpelling: true,
      collection: [['Skulk/tiny', 'hello']],
      afterDelete: ['.gitattributes', 'README.md', 'weights/model.safetensors'],
      deleted: true,
    });
    expect(
      hub.requests.filter(({ operation, authorization }) => ['put', 'part', 'complete', 'cdn'].includes(operation) && authorization),
    ).toEqual([]);
    expect(hub.requests.filter(({ operation }) => operation === 'verify')).toHaveLength(1);
    expect(hub.requests.filter(({ status }) => status === undefined || status >= 500)).toEqual([]);
  });
});

describe('the hf CLI against the local hub', () => {
  it('downloads a repository with hf_xet installed, as the cards say', async () => {
    const hf = join(dirname(await pythonEnvironment()), 'hf');
    const hub = await startHub();
    const weights = makeBytes(100_000, 1);
    await hub.admin.createRepo('Skulk/tiny');
    await hub.admin.commitFiles('Skulk/tiny', new Map([['model.safetensors', weights]]), { message: 'weights' });
    const directory = await makeDirectory();
    const env = { HF_ENDPOINT: hub.url, HF_HOME: await makeDirectory(), HF_HUB_DISABLE_TELEMETRY: '1', NO_PROXY: '127.0.0.1' };
    await execa(hf, ['download', 'Skulk/tiny', '--local-dir', directory], { env });
    expect(await readFile(join(directory, 'model.safetensors'))).toEqual(weights);
    expect(hub.requests.filter(({ operation, file }) => operation === 'cdn' && file === 'model.safetensors')).toHaveLength(1);
  });
});
