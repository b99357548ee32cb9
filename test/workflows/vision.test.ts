import { afterEach, describe, expect, it } from 'vitest';
import { RepoId } from '../../core/ids.js';
import { generateVision } from '../../dev/checkpoint/vision.js';
import { parseProvenance } from '../../plan/provenance.js';
import { targetId } from '../../workflows/names.js';
import { snapshotOf } from '../support/snapshot.js';
import { Workshop } from '../support/workshop.js';

/** Large enough that its bytes are not read when it is planned. */
const ENCODER = generateVision({ seed: 3, hidden: 640 }).files;
const WEIGHTS = ENCODER.get('model.safetensors')!.byteLength;
const CHUNK = 1_000_000;
/** From a file's first bytes the Hub tells text from binary. */
const SAMPLE = 512;

let workshop: Workshop;
let source: RepoId;
let target: RepoId;
const open = async (serverCopy: boolean): Promise<void> => {
  workshop = await Workshop.open('vision', { hub: { multipartThreshold: CHUNK, chunkSize: CHUNK, serverCopy } });
  source = RepoId.parse(`labs/${workshop.queue}-vision`);
  target = RepoId.parse(`Acme/${workshop.queue}-vision`);
  await workshop.hub.admin.createRepo(source);
  await workshop.hub.admin.commitFiles(source, ENCODER, { message: 'An encoder' });
};
afterEach(() => workshop.close());

const entry = (over: Record<string, unknown> = {}) =>
  workshop.entry({
    mtp_source_repo: undefined,
    mtp_sidecar_repo: undefined,
    vision_source_repo: source,
    vision_sidecar_repo: target,
    ...over,
  });

const publish = async () => {
  await workshop.start(entry());
  const plan = await workshop.approve(1, entry());
  return { plan, result: await workshop.result(entry()) };
};

const OWN = new Set(['README.md', '.gitattributes', 'provenance.json']);
const mirroredOf = (files: ReadonlyMap<string, Uint8Array>): Map<string, string> =>
  new Map([...files].filter(([path]) => !OWN.has(path)).map(([path, bytes]) => [path, Buffer.from(bytes).toString('base64')]));

describe('a vision mirror', () => {
  it("holds every file of the source byte for byte, as Python's huggingface_hub reads it, beside a card of ours", async () => {
    await open(false);
    const { plan, result } = await publish();
    expect(result).toMatchObject({ outcome: 'published' });
    const found = await snapshotOf(workshop.hub.url, target, 'main', workshop.directory);
    expect(mirroredOf(found)).toEqual(mirroredOf(ENCODER));
    expect(found.get('README.md')!.toString()).toContain("in the\nplace of the source's README");
    const provenance = parseProvenance(found.get('provenance.json')!.toString());
    expect(provenance.subject.map(({ name }) => name)).toEqual(
      [...found.keys()].filter((path) => path !== 'provenance.json' && path !== '.gitattributes').toSorted(),
    );
    expect(plan.artifacts[0]!.mirrored).toHaveLength(5);
    expect(await workshop.hub.admin.listCommits(target)).toHaveLength(2);
  }, 300_000);

  it('reads the large files of the source once and sends each part once', async () => {
    await open(false);
    await publish();
    const read = workshop.hub.requests.filter(
      ({ operation, repo, file, sent }) => operation === 'cdn' && repo === source && file === 'model.safetensors' && sent > SAMPLE,
    );
    expect(read.reduce((sum, { sent }) => sum + sent, 0)).toBe(WEIGHTS);
    const sent = workshop.hub.requests.filter(({ operation }) => operation === 'part').length;
    expect(sent).toBe(Math.ceil(WEIGHTS / CHUNK));
  });

  it('is unchanged when it is started again, and removes what a newer source no longer has', async () => {
    await open(false);
    await publish();
    await workshop.start(entry());
    expect(await workshop.result(entry())).toMatchObject({ outcome: 'unchanged' });

    await workshop.hub.admin.commitFiles(target, new Map([['theirs.txt', Buffer.from('theirs')]]), { message: 'A file of others' });
    await workshop.hub.admin.commitFiles(source, new Map([['config.json', Buffer.from('{"newer":true}')]]), {
      message: 'Newer',
      remove: ['NOTICE'],
    });
    const { result } = await publish();
    expect(result).toMatchObject({ outcome: 'published' });
    const found = await snapshotOf(workshop.hub.url, target, 'main', workshop.directory);
    expect([...found.keys()]).toEqual(expect.arrayContaining(['theirs.txt', 'LICENSE']));
    expect(found.has('NOTICE')).toBe(false);
    expect(found.get('config.json')!.toString()).toBe('{"newer":true}');
    // What the target holds already is not sent again.
    expect(workshop.hub.requests.filter(({ operation }) => operation === 'part')).toHaveLength(Math.ceil(WEIGHTS / CHUNK));
  }, 120_000);

  it('is copied by the Hub where that is offered: nothing is sent, and every byte is read back', async () => {
    await open(true);
    const { result } = await publish();
    expect(workshop.hub.requests.filter(({ operation }) => operation === 'part')).toEqual([]);
    const found = await snapshotOf(workshop.hub.url, target, 'main', workshop.directory);
    expect(mirroredOf(found)).toEqual(mirroredOf(ENCODER));
    const bytes = [...found].reduce((sum, [path, file]) => sum + (path === '.gitattributes' ? 0 : file.byteLength), 0);
    const { events } = await workshop.temporal.client.workflow.getHandle(targetId(target)).fetchHistory();
    const asked = events!
      .flatMap((event) => event.activityTaskScheduledEventAttributes ?? [])
      .find(({ activityType }) => activityType?.name === 'verifyArtifact');
    expect(JSON.parse(Buffer.from(asked!.input!.payloads![0]!.data!).toString())).toMatchObject({ full: true });
    expect(result).toMatchObject({ outcome: 'published', artifacts: [{ result: { receipt: { readBackBytes: bytes } } }] });
  }, 300_000);

  it('is red when the Hub copied other bytes than it lists', async () => {
    await open(true);
    workshop.hub.on(({ operation, repo, file }) =>
      operation === 'cdn' && repo === target && file === 'model.safetensors' ? { kind: 'corrupt-answer', at: 5 } : undefined,
    );
    await workshop.start(entry());
    await workshop.approve(1, entry());
    await workshop.until('needs-attention', targetId(target));
  });

  it('stays small in history', async () => {
    await open(false);
    await publish();
    const { events } = await workshop.temporal.client.workflow.getHandle(targetId(target)).fetchHistory();
    expect(events!.length).toBeLessThanOrEqual(75);
  });
});
