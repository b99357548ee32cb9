import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sha256Of } from '../../core/digests.js';
import type { MultipartInstructions } from '../../hub/write/lfs-batch.js';
import { PartJournal } from '../../hub/write/part-journal.js';
import { machineWithClock } from '../support/machine.js';

const MINUTE = 60_000;
const OBJECT = sha256Of('object');
const OTHER = sha256Of('other');
const INSTRUCTIONS: MultipartInstructions = {
  kind: 'multipart',
  complete: { url: new URL('https://hub.example/complete'), headers: {} },
  verify: { url: new URL('https://hub.example/verify'), headers: { 'x-kept': 'yes' } },
  parts: [
    { number: 1, url: new URL('https://storage.example/1'), begin: 0, end: 5 },
    { number: 2, url: new URL('https://storage.example/2'), begin: 5, end: 8 },
  ],
};

let directory: string;
let path: string;
let now: number;
let journal: PartJournal;
const machine = machineWithClock({ now: () => now });
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'swp-journal-'));
  path = join(directory, 'parts.jsonl');
  now = 1_700_000_000_000;
  journal = await PartJournal.open(machine, path);
});
afterEach(async () => {
  await journal.close();
  await rm(directory, { recursive: true, force: true });
});
const reopen = async (): Promise<void> => {
  await journal.close();
  journal = await PartJournal.open(machine, path);
};
const text = (): Promise<string> => readFile(path, 'utf8');
const lineOf = (entry: string): string => `${sha256Of(entry)} ${entry}`;

describe('a journal of parts', () => {
  it('returns a started upload with its sent parts, also after a restart', async () => {
    const started = await journal.begin(OBJECT, INSTRUCTIONS);
    expect(started).toMatchObject({ instructions: INSTRUCTIONS, etags: new Map() });
    await journal.sent(OBJECT, 2, '"b"');
    await journal.sent(OBJECT, 1, '"a"');
    const expected = {
      instructions: INSTRUCTIONS,
      etags: new Map([
        [2, '"b"'],
        [1, '"a"'],
      ]),
    };
    expect(journal.find(OBJECT)).toMatchObject(expected);
    await reopen();
    expect(journal.find(OBJECT)).toMatchObject(expected);
    expect(journal.find(OTHER)).toBeNull();
  });

  it('returns an upload until a minute before its addresses expire', async () => {
    await journal.begin(OBJECT, INSTRUCTIONS);
    now += 14 * MINUTE - 1;
    await reopen();
    expect(journal.find(OBJECT)).not.toBeNull();
    now += 1;
    expect(journal.find(OBJECT)).toBeNull();
  });

  it('forgets the parts of an upload that begins again', async () => {
    await journal.begin(OBJECT, INSTRUCTIONS);
    await journal.sent(OBJECT, 1, '"a"');
    await journal.begin(OBJECT, INSTRUCTIONS);
    expect(journal.find(OBJECT)?.etags.size).toBe(0);
  });

  it('forgets an upload whose addresses are dropped', async () => {
    await journal.begin(OBJECT, INSTRUCTIONS);
    await journal.drop(OBJECT);
    expect(journal.find(OBJECT)).toBeNull();
    await reopen();
    expect(journal.find(OBJECT)).toBeNull();
  });

  it('ignores a part of an upload that it does not know', async () => {
    await journal.sent(OBJECT, 1, '"a"');
    expect(journal.find(OBJECT)).toBeNull();
  });

  it('knows when the Hub last had an object, and who sent it', async () => {
    expect([journal.ageOf(OBJECT), journal.isOurs(OBJECT)]).toEqual([Infinity, false]);
    await journal.begin(OBJECT, INSTRUCTIONS);
    await journal.completed(OBJECT);
    await journal.stored([OTHER]);
    now += MINUTE;
    await reopen();
    expect(journal.find(OBJECT)).toBeNull();
    expect([journal.ageOf(OBJECT), journal.isOurs(OBJECT)]).toEqual([MINUTE, true]);
    expect([journal.ageOf(OTHER), journal.isOurs(OTHER)]).toEqual([MINUTE, false]);
    await journal.stored([OBJECT, OTHER]);
    expect([journal.ageOf(OBJECT), journal.isOurs(OBJECT), journal.ageOf(OTHER)]).toEqual([0, true, 0]);
  });

  it('writes nothing when there is nothing to record', async () => {
    await journal.stored([]);
    await journal.drop(OBJECT);
    await reopen();
    expect(await text()).toBe('');
  });

  it('writes the entries in progress before it closes', async () => {
    const recorded = Promise.all([journal.stored([OBJECT]), journal.stored([OTHER])]);
    await reopen();
    await recorded;
    expect([journal.ageOf(OBJECT), journal.ageOf(OTHER)]).toEqual([0, 0]);
  });

  it('keeps the entries after a truncated line, and writes the next one on its own line', async () => {
    await journal.stored([OBJECT]);
    await journal.close();
    await writeFile(path, `${(await text()).slice(0, 40)}\n${await text()}${(await text()).slice(0, 90)}`);
    journal = await PartJournal.open(machine, path);
    expect(journal.ageOf(OBJECT)).toBe(0);
    await journal.stored([OTHER]);
    await reopen();
    expect([journal.ageOf(OBJECT), journal.ageOf(OTHER)]).toEqual([0, 0]);
  });

  it.each([
    ['of an unknown kind', lineOf(JSON.stringify({ kind: 'paused', oid: OBJECT }))],
    ['with a missing field', lineOf(JSON.stringify({ kind: 'stored', oids: [OBJECT] }))],
    ['with the digest of another entry', `${sha256Of('x')} ${JSON.stringify({ kind: 'stored', oids: [OBJECT], at: 1 })}`],
  ])('ignores an entry %s', async (_, line) => {
    await journal.close();
    await writeFile(path, `${line}\n`);
    journal = await PartJournal.open(machine, path);
    expect(journal.ageOf(OBJECT)).toBe(Infinity);
  });
});
