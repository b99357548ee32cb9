import { afterEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { readPages } from '../../hub/read/paging.js';
import { config, signal, tiny, type TinyServer } from './support.js';

let server: TinyServer | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
});

const LIMITS = { pages: 5, items: 300_000 };
/** A list whose pages are these, each with a link to the next; the last of them is answered again and again. */
const listOf = async (...pages: readonly string[]) => {
  let at = 0;
  server = await tiny((request, answer) => {
    const next = at + 1;
    answer.setHeader('link', next < pages.length || pages.length === 1 ? `</list?page=${next}>; rel="next"` : '');
    answer.end(pages[Math.min(at, pages.length - 1)]);
    at += 1;
    request.resume();
  });
  const hub = config(server.url);
  return (limits = LIMITS) => readPages(hub, new URL('/list', server!.url), z.object({ name: z.string() }), limits, { signal });
};
const rows = (count: number, name = 'x'): string => JSON.stringify(Array.from({ length: count }, () => ({ name })));
const tooLong = (what: RegExp) =>
  expect.objectContaining({ code: 'hub/listing-too-long', kind: 'integrity', message: expect.stringMatching(what) });

describe('a list', () => {
  it('is read to its end', async () => {
    expect(await (await listOf(rows(2, 'a'), rows(1, 'b')))()).toEqual([{ name: 'a' }, { name: 'a' }, { name: 'b' }]);
  });

  it('may have very many items in one page', async () => {
    expect(await (await listOf(rows(200_000), rows(1)))()).toHaveLength(200_001);
  });

  it('of more pages than any has is refused', async () => {
    await expect((await listOf(rows(1)))()).rejects.toEqual(tooLong(/\/list has more than 5 pages/));
  });

  it('of more items than any has is refused', async () => {
    await expect((await listOf(rows(10), rows(1)))({ pages: 5, items: 10 })).rejects.toEqual(tooLong(/\/list has more than 10 items/));
  });

  it('with a page that no server sends is refused before all of it is read', async () => {
    await expect((await listOf(rows(1, 'x'.repeat(5_000_000)), rows(1)))()).rejects.toEqual(tooLong(/a page of more than 4\.19 MB/));
  });

  it('of more bytes than any has is refused', async () => {
    const page = rows(1, 'x'.repeat(4_000_000));
    await expect((await listOf(page))({ pages: 100, items: 100 })).rejects.toEqual(tooLong(/more than 67\.1 MB/));
  });

  it('that goes in a circle is refused', async () => {
    server = await tiny((_request, answer) => {
      answer.setHeader('link', '</list>; rel="next"');
      answer.end(rows(1));
    });
    const read = readPages(config(server.url), new URL('/list', server.url), z.unknown(), LIMITS, { signal });
    await expect(read).rejects.toMatchObject({ code: 'hub/paging' });
  });
});
