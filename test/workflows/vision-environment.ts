import { RepoId } from '../../core/ids.js';
import type { EntrySnapshot } from '../../catalog/snapshot.js';
import { generateVision } from '../../dev/checkpoint/vision.js';
import { TestEnvironment } from '../support/test-environment.js';

/** Large enough that planning does not read its bytes. */
export const ENCODER = generateVision({ seed: 3, hidden: 640 }).files;
export const WEIGHTS_BYTES = ENCODER.get('model.safetensors')!.byteLength;
export const CHUNK_BYTES = 1_000_000;

const OWN_FILES = new Set(['README.md', '.gitattributes', 'provenance.json']);

/** The files that a mirror copies from the source, without those that SWP writes. */
export const mirroredOf = (files: ReadonlyMap<string, Uint8Array>): Map<string, string> =>
  new Map([...files].filter(([path]) => !OWN_FILES.has(path)).map(([path, bytes]) => [path, Buffer.from(bytes).toString('base64')]));

/** A test environment that mirrors one vision encoder. */
export class VisionEnvironment {
  private constructor(
    readonly testEnvironment: TestEnvironment,
    readonly source: RepoId,
    readonly target: RepoId,
  ) {}

  static async open({ serverCopy }: { readonly serverCopy: boolean }): Promise<VisionEnvironment> {
    const testEnvironment = await TestEnvironment.open('vision', {
      hub: { multipartThreshold: CHUNK_BYTES, chunkSize: CHUNK_BYTES, serverCopy },
    });
    const source = RepoId.parse(`labs/${testEnvironment.queue}-vision`);
    await testEnvironment.hub.admin.createRepo(source);
    await testEnvironment.hub.admin.commitFiles(source, ENCODER, { message: 'An encoder' });
    return new VisionEnvironment(testEnvironment, source, RepoId.parse(`Acme/${testEnvironment.queue}-vision`));
  }

  close(): Promise<void> {
    return this.testEnvironment.close();
  }

  entry(): EntrySnapshot {
    return this.testEnvironment.entry({
      mtp_source_repo: undefined,
      mtp_sidecar_repo: undefined,
      vision_source_repo: this.source,
      vision_sidecar_repo: this.target,
    });
  }

  async publish() {
    await this.testEnvironment.start(this.entry());
    const plan = await this.testEnvironment.approve(1, this.entry());
    return { plan, result: await this.testEnvironment.result(this.entry()) };
  }
}
