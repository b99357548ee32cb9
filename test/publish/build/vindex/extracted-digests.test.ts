import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { THIS_MACHINE } from '../../../../core/this-machine.js';
import { endDamage, readExtractedDigests } from '../../../../publish/build/vindex/extracted-digests.js';
import { SwpError } from '../../../../core/error.js';

const damaged = async (): Promise<unknown> => {
  const directory = await mkdtemp(join(tmpdir(), 'swp-extracted-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  await writeFile(join(directory, 'digests.json'), '[["x","no digest"]]');
  return readExtractedDigests(THIS_MACHINE.files, directory).catch((error: unknown) => error);
};

it.each([1, 2])('marks a damaged extraction as transient after attempt %i', async (attempt) => {
  expect(endDamage(await damaged(), attempt)).toMatchObject({ code: 'vindex/extraction-damaged', transient: true });
});

it('marks a damaged extraction as permanent after attempt 3, with a hint', async () => {
  expect(endDamage(await damaged(), 3)).toMatchObject({
    code: 'vindex/extraction-damaged',
    transient: false,
    hint: expect.stringContaining('Check the disk and the memory of this host'),
  });
});

it('returns another failure unchanged', () => {
  const other = new SwpError('unavailable', 'hub/unavailable', 'x');
  expect(endDamage(other, 99)).toBe(other);
});
