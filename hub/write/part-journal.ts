import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import type { Clock, Machine } from '../../core/machine.js';
import { makeDirectory, readTextOrEmpty } from '../../core/files.js';
import { Sha256 } from '../../core/ids.js';
import { endOfAddresses, isAddressLive } from './address-lifetime.js';
import type { MultipartInstructions } from './lfs-batch.js';

const Address = z.object({ url: z.url().transform((text) => new URL(text)), headers: z.record(z.string(), z.string()) });
const Part = z.object({
  number: z.int().positive(),
  url: z.url().transform((text) => new URL(text)),
  begin: z.int().nonnegative(),
  end: z.int().nonnegative(),
});
const Entry = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('begun'),
    oid: Sha256,
    /** The time when the addresses were requested, in milliseconds since the epoch. */
    at: z.number(),
    complete: Address,
    verify: Address.nullable(),
    parts: z.array(Part),
  }),
  z.object({ kind: z.literal('sent'), oid: Sha256, number: z.int().positive(), etag: z.string() }),
  /** The Hub confirmed that it has these objects; `ours` if every byte of them was sent from here. */
  z.object({ kind: z.literal('stored'), oids: z.array(Sha256), at: z.number(), ours: z.boolean().optional() }),
  /** The addresses are no longer valid. */
  z.object({ kind: z.literal('dropped'), oid: Sha256 }),
]);
type Entry = z.infer<typeof Entry>;

/** An object that is sent in parts, with the parts that the server has accepted. */
export interface StartedUpload {
  readonly instructions: MultipartInstructions;
  /** Part number → ETag. */
  readonly etags: ReadonlyMap<number, string>;
}

interface TrackedUpload extends StartedUpload {
  readonly etags: Map<number, string>;
  readonly end: number;
}

const digestOf = (text: string): string => createHash('sha256').update(text).digest('hex');

/** Parses a line, which is the digest of an entry and the entry; rejects a line that a crash cut or a disk corrupted. */
const parseLine = (line: string): Entry | null => {
  const [digest, text] = [line.slice(0, 64), line.slice(65)];
  if (digest !== digestOf(text)) return null;
  const parsed = Entry.safeParse(JSON.parse(text));
  return parsed.success ? parsed.data : null;
};

const urlsOf = ({ complete, parts }: MultipartInstructions): URL[] => [complete.url, ...parts.map(({ url }) => url)];

/**
 * Journals the parts of objects that were sent. A part counts only when it is on disk, so that a restart resends no more
 * than the parts that were in flight. The file contains signed addresses: only its owner may read it.
 */
export class PartJournal {
  private readonly uploads = new Map<Sha256, TrackedUpload>();
  private readonly storedAt = new Map<Sha256, number>();
  private readonly ours = new Set<Sha256>();
  private lastAppend: Promise<void> = Promise.resolve();

  private constructor(
    private readonly file: FileHandle,
    private readonly clock: Clock,
  ) {}

  static async open({ clock, files }: Machine, path: string): Promise<PartJournal> {
    await makeDirectory(files, dirname(path));
    const text = await readTextOrEmpty(files, path);
    const journal = new PartJournal(await files.open(path, 'a', 0o600), clock);
    // Lines are independent: an invalid line costs one part.
    for (const line of text.split('\n')) {
      const entry = parseLine(line);
      if (entry !== null) journal.apply(entry);
    }
    if (text !== '' && !text.endsWith('\n')) await journal.file.appendFile('\n');
    return journal;
  }

  /**
   * Returns the unfinished upload of an object while its addresses are valid; null if the Hub must be asked for new
   * ones.
   */
  find(oid: Sha256): StartedUpload | null {
    const upload = this.uploads.get(oid);
    return upload !== undefined && isAddressLive(upload.end, this.clock.now()) ? upload : null;
  }

  /** Records the addresses before the first part is sent. */
  async begin(oid: Sha256, instructions: MultipartInstructions): Promise<StartedUpload> {
    const { complete, verify, parts } = instructions;
    await this.append({ kind: 'begun', oid, at: this.clock.now(), complete, verify, parts: [...parts] });
    return this.uploads.get(oid) ?? { instructions, etags: new Map() };
  }

  /** Records a part that the server has accepted; the part counts when this resolves. */
  sent(oid: Sha256, number: number, etag: string): Promise<void> {
    return this.append({ kind: 'sent', oid, number, etag });
  }

  /** Records objects that the Hub has now. */
  async stored(oids: readonly Sha256[]): Promise<void> {
    if (oids.length > 0) await this.append({ kind: 'stored', oids: [...oids], at: this.clock.now() });
  }

  /** Records an object that the Hub has now and that was sent completely from here. */
  completed(oid: Sha256): Promise<void> {
    return this.append({ kind: 'stored', oids: [oid], at: this.clock.now(), ours: true });
  }

  /** Returns true if every byte of the object was sent from here. */
  isOurs(oid: Sha256): boolean {
    return this.ours.has(oid);
  }

  /** Returns the milliseconds since the Hub last confirmed the object; Infinity if it never did. */
  ageOf(oid: Sha256): number {
    const at = this.storedAt.get(oid);
    return at === undefined ? Infinity : this.clock.now() - at;
  }

  /** Discards addresses that the Hub refuses. */
  async drop(oid: Sha256): Promise<void> {
    if (this.uploads.has(oid)) await this.append({ kind: 'dropped', oid });
  }

  async close(): Promise<void> {
    await this.lastAppend.catch(() => undefined);
    await this.file.close();
  }

  private apply(entry: Entry): void {
    if (entry.kind === 'dropped') this.uploads.delete(entry.oid);
    else if (entry.kind === 'stored') {
      for (const oid of entry.oids) {
        this.uploads.delete(oid);
        this.storedAt.set(oid, entry.at);
        if (entry.ours === true) this.ours.add(oid);
      }
    } else if (entry.kind === 'sent') this.uploads.get(entry.oid)?.etags.set(entry.number, entry.etag);
    else {
      const { complete, verify, parts, at, oid } = entry;
      const instructions: MultipartInstructions = { kind: 'multipart', complete, verify, parts };
      this.uploads.set(oid, { instructions, etags: new Map(), end: endOfAddresses(urlsOf(instructions), at) });
    }
  }

  private append(entry: Entry): Promise<void> {
    const text = JSON.stringify(entry);
    const append = this.lastAppend
      .catch(() => undefined)
      .then(async () => {
        await this.file.appendFile(`${digestOf(text)} ${text}\n`);
        await this.file.datasync();
        this.apply(entry);
      });
    this.lastAppend = append;
    return append;
  }
}
