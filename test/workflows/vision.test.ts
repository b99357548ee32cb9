import { afterEach, describe, expect, it } from 'vitest';
import { parseProvenance } from '../../plan/provenance.js';
import { snapshotOf } from '../support/snapshot.js';
import { ENCODER, mirroredOf, VisionEnvironment } from './vision-environment.js';

let vision: VisionEnvironment;
afterEach(() => vision.close());

describe('a vision mirror', () => {
  it("holds every source file byte for byte, as Python's huggingface_hub reads it, and our own card", async () => {
    vision = await VisionEnvironment.open({ serverCopy: false });
    const { plan, result } = await vision.publish();
    expect(result).toMatchObject({ outcome: 'published' });
    const found = await snapshotOf(vision.testEnvironment.hub.url, vision.target, 'main', vision.testEnvironment.directory);
    expect(mirroredOf(found)).toEqual(mirroredOf(ENCODER));
    expect(found.get('README.md')!.toString()).toContain("This card\nreplaces the source's README");
    const provenance = parseProvenance(found.get('provenance.json')!.toString());
    expect(provenance.subject.map(({ name }) => name)).toEqual(
      [...found.keys()].filter((path) => path !== 'provenance.json' && path !== '.gitattributes').toSorted(),
    );
    expect(plan.artifacts[0]!.mirrored).toHaveLength(5);
    expect(await vision.testEnvironment.hub.admin.listCommits(vision.target)).toHaveLength(2);
  }, 300_000);
});
