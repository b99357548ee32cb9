import { createHash } from 'node:crypto';
import { open, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import { makeDirectory, readTextIfThere } from '../../core/files.js';
import { Sha256 } from '../../core/ids.js';
import { endOfAddresses, stillLive } from './address-lifetime.js';
import type { MultipartOrder } from './lfs-batch.js';

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
    /** When the addresses were asked for, in milliseconds since the epoch. */
    at: z.number(),
    complete: Address,
    verify: Address.nullable(),
    parts: z.array(Part),
  }),
  z.object({ kind: z.literal('sent'), oid: Sha256, number: z.int().positive(), etag: z.string() }),
  /** The Hub said that it has these objects; `ours` where it took every byte of them from here. */
  z.object({ kind: z.literal('stored'), oids: z.array(Sha256), at: z.number(), ours: z.boolean().optional() }),
  /** The addresses are of no use any more. */
  z.object({ kind: z.literal('dropped'), oid: Sha256 }),
]);
type Entry = z.infer<typeof Entry>;

/** An object that is sent in parts, and what of it the far end has taken. */
export interface StartedUpload {
  readonly order: MultipartOrder;
  /** Part number → ETag. */
  readonly etags: ReadonlyMap<number, string>;
}

interface Known extends StartedUpload {
  readonly etags: Map<number, string>;
  readonly end: number;
}

const digestOf = (text: string): string => createHash('sha256').update(text).digest('hex');

/** A line is the digest of an entry, and the entry: what a crash cut short or a disk changed does not pass. */
const parseLine = (line: string): Entry | null => {
  const [digest, text] = [line.slice(0, 64), line.slice(65)];
  if (digest !== digestOf(text)) return null;
  const parsed = Entry.safeParse(JSON.parse(text));
  return parsed.success ? parsed.data : null;
};

const urlsOf = ({ complete, parts }: MultipartOrder): URL[] => [complete.url, ...parts.map(({ url }) => url)];

/**
 * What was sent of objects in parts, on disk before it counts, so that a killed process sends again no more
 * than the parts that were in flight. It holds signed addresses: only its owner may read it.
 */
export class PartJournal {
  private readonly known = new Map<Sha256, Known>();
  private readonly there = new Map<Sha256, number>();
  private readonly ours = new Set<Sha256>();
  private turn: Promise<void> = Promise.resolve();

  private constructor(
    private readonly file: FileHandle,
    private readonly now: () => number,
  ) {}

  static async open(path: string, now: () => number = Date.now): Promise<PartJournal> {
    await makeDirectory(dirname(path));
    const text = await readTextIfThere(path);
    const journal = new PartJournal(await open(path, 'a', 0o600), now);
    // Each line stands for itself: one that does not pass costs one part.
    for (const line of text.split('\n')) {
      const entry = line === '' ? null : parseLine(line);
      if (entry !== null) journal.learn(entry);
    }
    if (text !== '' && !text.endsWith('\n')) await journal.file.appendFile('\n');
    return journal;
  }

  /** The unfinished upload of an object, where its addresses live; null: the Hub is asked. */
  find(oid: Sha256): StartedUpload | null {
    const known = this.known.get(oid);
    return known !== undefined && stillLive(known.end, this.now()) ? known : null;
  }

  /** Notes the addresses before the first part goes out. */
  async begin(oid: Sha256, order: MultipartOrder): Promise<StartedUpload> {
    const { complete, verify, parts } = order;
    await this.append({ kind: 'begun', oid, at: this.now(), complete, verify, parts: [...parts] });
    return this.known.get(oid) ?? { order, etags: new Map() };
  }

  /** Notes a part that the far end has taken; it counts when this has resolved. */
  sent(oid: Sha256, number: number, etag: string): Promise<void> {
    return this.append({ kind: 'sent', oid, number, etag });
  }

  /** Notes objects that the Hub has as of now. */
  async stored(oids: readonly Sha256[]): Promise<void> {
    if (oids.length > 0) await this.append({ kind: 'stored', oids: [...oids], at: this.now() });
  }

  /** Notes an object that the Hub has as of now, and had from here. */
  completed(oid: Sha256): Promise<void> {
    return this.append({ kind: 'stored', oids: [oid], at: this.now(), ours: true });
  }

  /** Whether every byte of the object went out from here. */
  isOurs(oid: Sha256): boolean {
    return this.ours.has(oid);
  }

  /** Milliseconds since the Hub last said that it has the object; Infinity where it never did. */
  ageOf(oid: Sha256): number {
    const at = this.there.get(oid);
    return at === undefined ? Infinity : this.now() - at;
  }

  /** Forgets addresses that the Hub refuses. */
  async drop(oid: Sha256): Promise<void> {
    if (this.known.has(oid)) await this.append({ kind: 'dropped', oid });
  }

  async close(): Promise<void> {
    await this.turn.catch(() => undefined);
    await this.file.close();
  }

  private learn(entry: Entry): void {
    if (entry.kind === 'dropped') this.known.delete(entry.oid);
    else if (entry.kind === 'stored') {
      for (const oid of entry.oids) {
        this.known.delete(oid);
        this.there.set(oid, entry.at);
        if (entry.ours === true) this.ours.add(oid);
      }
    } else if (entry.kind === 'sent') this.known.get(entry.oid)?.etags.set(entry.number, entry.etag);
    else {
      const { complete, verify, parts, at, oid } = entry;
      const order: MultipartOrder = { kind: 'multipart', complete, verify, parts };
      this.known.set(oid, { order, etags: new Map(), end: endOfAddresses(urlsOf(order), at) });
    }
  }

  private append(entry: Entry): Promise<void> {
    const text = JSON.stringify(entry);
    const turn = this.turn
      .catch(() => undefined)
      .then(async () => {
        await this.file.appendFile(`${digestOf(text)} ${text}\n`);
        await this.file.datasync();
        this.learn(entry);
      });
    this.turn = turn;
    return turn;
  }
}
