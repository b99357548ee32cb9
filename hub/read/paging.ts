import { z } from 'zod';
import { SwpError } from '../../core/error.js';
import { parseOrFaults } from '../../core/faults.js';
import { formatBytes, plural } from '../../core/text.js';
import { callJson, type CallOptions } from '../call.js';
import type { Hub } from '../hub.js';
import { quoted } from '../errors.js';
import { firstHeader } from '../first-header.js';

/** Maximum bytes of one page. The Hub's pages list a thousand files or a hundred commits. */
const PAGE_BYTES = 4 * 1024 * 1024;
/** Maximum size of a whole list, as JSON. 100,000 files in LFS with names of ordinary length take about 40 MB. */
const LIST_BYTES = 64 * 1024 * 1024;

/** Limits above any real list of its kind: a server could send pages forever. */
export interface ListLimits {
  readonly pages: number;
  readonly items: number;
}

const parseNextLink = (link: string, page: URL): URL | null => {
  const target = /<([^>]+)>\s*;\s*rel="?next"?/.exec(link)?.[1];
  return target === undefined || !URL.canParse(target, page.href) ? null : new URL(target, page.href);
};

/** A schema for the items of one page. It stops at the first invalid item: a list of a million faults takes a gigabyte. */
const pageSchema = <T>(item: z.ZodType<T>, checkCount: (items: number) => void): z.ZodType<T[]> =>
  z.array(z.unknown()).transform((rows, context) => {
    checkCount(rows.length);
    const items: T[] = [];
    for (const [at, row] of rows.entries()) {
      const parsed = parseOrFaults(item, row);
      if ('data' in parsed) items.push(parsed.data);
      else {
        const [{ path, message } = { path: [], message: '' }] = parsed.faults;
        context.addIssue({ code: 'custom', path: [at, ...path], message });
        return z.NEVER;
      }
    }
    return items;
  });

/**
 * Reads a list page by page along `Link: <…>; rel="next"`, on the Hub's own origin only.
 *
 * @param stop receives all items so far and returns true to end the list early
 * @throws SwpError `hub/listing-too-long`, and `hub/paging` if a page repeats or has another origin
 */
export const readPages = async <T>(
  hub: Hub,
  start: URL,
  item: z.ZodType<T>,
  limits: ListLimits,
  { signal }: CallOptions,
  stop: (items: readonly T[]) => boolean = () => false,
): Promise<T[]> => {
  const refuse = (what: string): never => {
    throw new SwpError(
      'integrity',
      'hub/listing-too-long',
      `The list ${start.origin}${start.pathname} has ${what}; no list of the Hub is that long.`,
    );
  };
  const items: T[] = [];
  let bytes = 0;
  const page = pageSchema(item, (count) => {
    if (items.length + count > limits.items) refuse(`more than ${plural(limits.items, 'item')}`);
  });
  const seen = new Set<string>();
  for (let url: URL | null = start; url !== null && !stop(items);) {
    if (url.origin !== hub.endpoint.origin)
      throw new SwpError('integrity', 'hub/paging', `The next page of a list is at another origin, ${quoted(hub, url.origin)}.`);
    if (seen.has(url.href))
      throw new SwpError('integrity', 'hub/paging', `The list ${start.origin}${start.pathname} does not end: one of its pages repeats.`);
    if (seen.size >= limits.pages) refuse(`more than ${plural(limits.pages, 'page')}`);
    seen.add(url.href);
    const request = { method: 'GET', url, signal } as const;
    const answer: Awaited<ReturnType<typeof callJson<T[]>>> = await callJson(hub, request, page, PAGE_BYTES).catch((error: unknown) => {
      if (error instanceof SwpError && error.code === 'hub/answer-too-large')
        return refuse(`a page of more than ${formatBytes(PAGE_BYTES)}`);
      throw error;
    });
    bytes += JSON.stringify(answer.value).length;
    if (bytes > LIST_BYTES) refuse(`more than ${formatBytes(LIST_BYTES)}`);
    for (const one of answer.value) items.push(one);
    url = parseNextLink(firstHeader(answer.headers['link']) ?? '', url);
  }
  return items;
};
