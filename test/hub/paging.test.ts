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
/** A list with these pages, each with a link to the next; the last page is repeated. */
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
const tooLong = (message: RegExp) =>
  expect.objectContaining({ code: 'hub/listing-too-long', kind: 'integrity', message: expect.stringMatching(message) });

describe('a list', () => {
  it('is read to its end', async () => {
    expect(await (await listOf(rows(2, 'a'), rows(1, 'b')))()).toEqual([{ name: 'a' }, { name: 'a' }, { name: 'b' }]);
  });

  it('may have very many items in one page', async () => {
    expect(await (await listOf(rows(200_000), rows(1)))()).toHaveLength(200_001);
  });

  it('is refused with too many pages', async () => {
    await expect((await listOf(rows(1)))()).rejects.toEqual(tooLong(/\/list has more than 5 pages/));
  });

  it('is refused with too many items', async () => {
    await expect((await listOf(rows(10), rows(1)))({ pages: 5, items: 10 })).rejects.toEqual(tooLong(/\/list has more than 10 items/));
  });

  it('is refused with a page that is too large', async () => {
    await expect((await listOf(rows(1, 'x'.repeat(5_000_000)), rows(1)))()).rejects.toEqual(tooLong(/a page of more than 4\.19 MB/));
  });

  it('is refused with too many bytes in total', async () => {
    const page = rows(1, 'x'.repeat(4_000_000));
    await expect((await listOf(page))({ pages: 100, items: 100 })).rejects.toEqual(tooLong(/more than 67\.1 MB/));
  });

  it('is refused when its pages form a cycle', async () => {
    server = await tiny((_request, answer) => {
      answer.setHeader('link', '</list>; rel="next"');
      answer.end(rows(1));
    });
    const read = readPages(config(server.url), new URL('/list', server.url), z.unknown(), LIMITS, { signal });
    await expect(read).rejects.toMatchObject({ code: 'hub/paging' });
  });
});
