import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { z } from 'zod';
import { Sha256 } from '../../../core/ids.js';
import { KeyedMutex } from '../../../core/keyed-mutex.js';
import type { Machine, Files } from '../../../core/machine.js';
import { ifExists, readJsonFile, sizeOf, type TemporaryFiles } from './files.js';
import type { ObjectStore } from './objects.js';
import { spool } from './spool.js';

const UploadRecord = z.object({ repo: z.string(), oid: Sha256, size: z.int(), chunkSize: z.int() });
type UploadRecord = z.infer<typeof UploadRecord>;

/** An id becomes a directory, so no other string may match. */
const UPLOAD_ID = /^[0-9a-f]{32}$/;

interface PartTag {
  readonly partNumber: number;
  readonly etag: string;
}

type CompleteOutcome =
  | { readonly kind: 'stored'; readonly upload: UploadRecord }
  | { readonly kind: 'no-upload' }
  | { readonly kind: 'refused'; readonly reason: string };

export const partCount = (size: number, chunkSize: number): number => Math.ceil(size / chunkSize);

/** Stores multipart uploads in progress. A part is a file named by its number and ETag, so that its existence proves its bytes. */
export class UploadStore {
  private readonly mutex = new KeyedMutex();

  constructor(
    private readonly machine: Machine,
    private readonly directory: string,
    private readonly temporary: TemporaryFiles,
    private readonly objects: ObjectStore,
  ) {}

  async begin(upload: UploadRecord): Promise<string> {
    const uploadId = this.machine.random.hex(16);
    await this.machine.files.mkdir(this.folder(uploadId), { recursive: true });
    await this.temporary.writeAtomic(join(this.folder(uploadId), 'upload.json'), JSON.stringify(upload));
    return uploadId;
  }

  async find(uploadId: string): Promise<UploadRecord | undefined> {
    if (!UPLOAD_ID.test(uploadId)) return undefined;
    return readJsonFile(this.machine.files, join(this.folder(uploadId), 'upload.json'), UploadRecord);
  }

  /**
   * Stores one part; a later part with the same number replaces it. Returns its ETag without quotes, which is opaque like S3's,
   * or undefined if the upload does not exist.
   */
  async writePart(uploadId: string, partNumber: number, body: AsyncIterable<Uint8Array>): Promise<string | undefined> {
    const { files } = this.machine;
    const { path, sha256 } = await spool(files, body, this.temporary.path());
    const etag = createHash('md5').update(sha256).digest('hex');
    return this.mutex.run(uploadId, async () => {
      if ((await this.find(uploadId)) === undefined) {
        await files.rm(path, { force: true });
        return undefined;
      }
      const name = partName(partNumber, etag);
      await files.rename(path, join(this.folder(uploadId), name));
      const older = (await files.readdir(this.folder(uploadId))).filter((other) => other.startsWith(`${partNumber}-`) && other !== name);
      for (const other of older) await files.rm(join(this.folder(uploadId), other));
      return etag;
    });
  }

  /** Joins the parts into the object, if all exist, have the right sizes, and together have the promised SHA-256. */
  async complete(uploadId: string, oid: string, parts: readonly PartTag[]): Promise<CompleteOutcome> {
    const { files } = this.machine;
    return this.mutex.run(uploadId, async () => {
      const upload = await this.find(uploadId);
      if (upload === undefined) return { kind: 'no-upload' };
      if (oid !== upload.oid) return refuse(`the upload is of ${upload.oid}, not of ${oid}`);
      const expected = partCount(upload.size, upload.chunkSize);
      if (parts.length !== expected) return refuse(`expected ${expected} parts, got ${parts.length}`);
      const paths: string[] = [];
      for (const [index, part] of parts.entries()) {
        if (part.partNumber !== index + 1) return refuse(`expected part ${index + 1}, got part ${part.partNumber}`);
        const path = join(this.folder(uploadId), partName(part.partNumber, part.etag.replaceAll('"', '')));
        const size = /^"?[0-9a-f]+"?$/.test(part.etag) ? await sizeOf(files, path) : undefined;
        if (size === undefined) return refuse(`part ${part.partNumber} was not uploaded with ETag ${part.etag}`);
        const wanted = Math.min(upload.chunkSize, upload.size - index * upload.chunkSize);
        if (size !== wanted) return refuse(`part ${part.partNumber} has ${size} bytes instead of ${wanted}`);
        paths.push(path);
      }
      const joined = await spool(files, readInOrder(files, paths), this.temporary.path());
      if (joined.sha256 !== upload.oid) {
        await files.rm(joined.path, { force: true });
        return refuse(`the SHA-256 of the parts is ${joined.sha256}, not ${upload.oid}`);
      }
      await this.objects.adopt(joined);
      return { kind: 'stored', upload };
    });
  }

  async discard(uploadId: string): Promise<void> {
    await ifExists(this.temporary.removeTree(this.folder(uploadId)));
  }

  private folder(uploadId: string): string {
    return join(this.directory, 'uploads', uploadId);
  }
}

const refuse = (reason: string): CompleteOutcome => ({ kind: 'refused', reason });

const partName = (partNumber: number, etag: string): string => `${partNumber}-${etag}`;

async function* readInOrder(files: Files, paths: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const path of paths) yield* files.createReadStream(path, { highWaterMark: 1 << 20 }) as AsyncIterable<Uint8Array>;
}
