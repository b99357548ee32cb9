import { afterEach, describe, expect, it } from 'vitest';
import { sha256Of } from '../../core/digests.js';
import { parseProvenance } from '../../plan/provenance.js';
import { targetId } from '../../contract/names.js';
import { snapshotOf } from '../support/snapshot.js';
import { CHUNK_BYTES, ENCODER, mirroredOf, VisionEnvironment, WEIGHTS_BYTES } from './vision-environment.js';

/** The Hub classifies a file as text or binary by its first bytes. */
const SAMPLE = 512;

let vision: VisionEnvironment;
afterEach(() => vision.close());

describe('a vision mirror', () => {
  it('reads large source files once in addition to their samples, and sends each part once', async () => {
    vision = await VisionEnvironment.open({ serverCopy: false });
    const { result } = await vision.publish();
    const { hub } = vision.testEnvironment;
    const { subject } = parseProvenance((await hub.admin.readFile(vision.target, 'main', 'provenance.json')).toString());
    const samples = subject.find(({ name }) => name === 'model.safetensors')!.annotations.samples!;
    for (const { begin, end, sha256 } of samples) expect(sha256Of(ENCODER.get('model.safetensors')!.subarray(begin, end))).toBe(sha256);
    const sampled = samples.reduce((sum, { begin, end }) => sum + end - begin, 0);
    expect(result).toMatchObject({ artifacts: [{ result: { receipt: { readBack: { sampledFiles: 1, unreadFiles: 0 } } } }] });
    const read = hub.requests.filter(
      ({ operation, repo, file, sent }) => operation === 'cdn' && repo === vision.source && file === 'model.safetensors' && sent > SAMPLE,
    );
    // Each sample is read twice when it is sealed.
    expect(read.reduce((sum, { sent }) => sum + sent, 0)).toBe(WEIGHTS_BYTES + 2 * sampled);
    expect(hub.requests.filter(({ operation }) => operation === 'part')).toHaveLength(Math.ceil(WEIGHTS_BYTES / CHUNK_BYTES));
  });

  it('is unchanged on a second start, and drops files that a newer source no longer has', async () => {
    vision = await VisionEnvironment.open({ serverCopy: false });
    await vision.publish();
    await vision.testEnvironment.start(vision.entry());
    expect(await vision.testEnvironment.result(vision.entry())).toMatchObject({ outcome: 'unchanged' });

    await vision.testEnvironment.hub.admin.commitFiles(vision.target, new Map([['theirs.txt', Buffer.from('theirs')]]), {
      message: 'A file of others',
    });
    await vision.testEnvironment.hub.admin.commitFiles(vision.source, new Map([['config.json', Buffer.from('{"newer":true}')]]), {
      message: 'Newer',
      remove: ['NOTICE'],
    });
    const { result } = await vision.publish();
    expect(result).toMatchObject({ outcome: 'published' });
    const found = await snapshotOf(vision.testEnvironment.hub.url, vision.target, 'main', vision.testEnvironment.directory);
    expect([...found.keys()]).toEqual(expect.arrayContaining(['theirs.txt', 'LICENSE']));
    expect(found.has('NOTICE')).toBe(false);
    expect(found.get('config.json')!.toString()).toBe('{"newer":true}');
    // Files that the target already holds are not sent again.
    expect(vision.testEnvironment.hub.requests.filter(({ operation }) => operation === 'part')).toHaveLength(
      Math.ceil(WEIGHTS_BYTES / CHUNK_BYTES),
    );
  }, 120_000);

  it('is copied by the Hub if the Hub supports it: no part is sent, and every byte is read back', async () => {
    vision = await VisionEnvironment.open({ serverCopy: true });
    const { result } = await vision.publish();
    expect(vision.testEnvironment.hub.requests.filter(({ operation }) => operation === 'part')).toEqual([]);
    const found = await snapshotOf(vision.testEnvironment.hub.url, vision.target, 'main', vision.testEnvironment.directory);
    expect(mirroredOf(found)).toEqual(mirroredOf(ENCODER));
    const bytes = [...found].reduce((sum, [path, file]) => sum + (path === '.gitattributes' ? 0 : file.byteLength), 0);
    const { events } = await vision.testEnvironment.temporal.client.workflow.getHandle(targetId(vision.target)).fetchHistory();
    const scheduled = events!
      .flatMap((event) => event.activityTaskScheduledEventAttributes ?? [])
      .find(({ activityType }) => activityType?.name === 'verifyArtifact');
    expect(JSON.parse(Buffer.from(scheduled!.input!.payloads![0]!.data!).toString())).toMatchObject({ full: true });
    expect(result).toMatchObject({
      outcome: 'published',
      artifacts: [{ result: { receipt: { readBack: { bytes, ofBytes: bytes, unreadFiles: 0 } } } }],
    });
  }, 300_000);

  it('needs attention when the Hub serves other bytes than it lists', async () => {
    vision = await VisionEnvironment.open({ serverCopy: true });
    vision.testEnvironment.hub.on(({ operation, repo, file }) =>
      operation === 'cdn' && repo === vision.target && file === 'model.safetensors' ? { kind: 'corrupt-answer', at: 5 } : undefined,
    );
    await vision.testEnvironment.start(vision.entry());
    await vision.testEnvironment.approve(1, vision.entry());
    await vision.testEnvironment.until('needs-attention', targetId(vision.target));
  });

  it('has at most 85 history events', async () => {
    vision = await VisionEnvironment.open({ serverCopy: false });
    await vision.publish();
    const { events } = await vision.testEnvironment.temporal.client.workflow.getHandle(targetId(vision.target)).fetchHistory();
    expect(events!.length).toBeLessThanOrEqual(85);
  });
});
