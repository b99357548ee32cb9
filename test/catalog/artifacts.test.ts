import { describe, expect, it } from 'vitest';
import { artifactsOf, writtenBy } from '../../catalog/artifacts.js';
import { Entry } from '../../catalog/entry.js';

const VINDEX = { source_model: 'a/model', quant: 'q4k', slices: ['full'], output_name: 'm.vindex', hf_repo: 'acme/m-vindex' };
const SIDECARS = {
  mtp_source_repo: 'a/model',
  mtp_sidecar_repo: 'acme/m-mtp',
  vision_source_repo: 'b/vision',
  vision_sidecar_repo: 'acme/m-vision',
};
const collectionsOf = (fields: object): (readonly [string, string | undefined])[] =>
  artifactsOf(Entry.parse({ key: 'm', tier: 'smoke', ...fields })).map(({ kind, collection }) => [kind, collection]);

describe("an entry's collection", () => {
  it('is only for the vindex of an entry that has one', () => {
    expect(collectionsOf({ ...VINDEX, ...SIDECARS, hf_collection: 'Weights' })).toEqual([
      ['vindex', 'Weights'],
      ['mtp', undefined],
      ['vision', undefined],
    ]);
  });

  it('is for each sidecar of an entry without a vindex', () => {
    expect(collectionsOf({ ...SIDECARS, hf_collection: 'Weights' })).toEqual([
      ['mtp', 'Weights'],
      ['vision', 'Weights'],
    ]);
  });

  it('is undefined for an entry that names none', () => {
    expect(collectionsOf({ ...VINDEX, ...SIDECARS }).map(([, collection]) => collection)).toEqual([undefined, undefined, undefined]);
  });
});

it('a publish writes to its targets, and to a collection only if its slug is given', () => {
  const written = (hf_collection: string) =>
    writtenBy(artifactsOf(Entry.parse({ key: 'm', tier: 'smoke', ...VINDEX, ...SIDECARS, hf_collection })));
  const slug = `acme/weights-${'a'.repeat(24)}`;
  expect(written(slug)).toEqual(['acme/m-vindex', slug, 'acme/m-mtp', 'acme/m-vision']);
  expect(written('Weights')).toEqual(['acme/m-vindex', 'acme/m-mtp', 'acme/m-vision']);
});
