import { z } from 'zod';
import { SwpError } from '../../core/error.js';
import { callJson, type CallOptions } from '../call.js';
import type { HubConfig } from '../config.js';
import { quoted } from '../errors.js';
import { firstHeader } from '../first-header.js';

const nextOf = (link: string, page: URL): URL | null => {
  const target = /<([^>]+)>\s*;\s*rel="?next"?/.exec(link)?.[1];
  return target === undefined || !URL.canParse(target, page.href) ? null : new URL(target, page.href);
};

/**
 * Reads a list page by page along `Link: <…>; rel="next"`, on the Hub's own origin only.
 *
 * @param stop ends the reading early, told all items so far
 * @throws SwpError `hub/paging` for pages without end
 */
export const readPages = async <T>(
  hub: HubConfig,
  start: URL,
  item: z.ZodType<T>,
  maxPages: number,
  { signal }: CallOptions,
  stop: (items: readonly T[]) => boolean = () => false,
): Promise<T[]> => {
  const items: T[] = [];
  const seen = new Set<string>();
  for (let page: URL | null = start; page !== null && !stop(items);) {
    if (page.origin !== hub.endpoint.origin)
      throw new SwpError('integrity', 'hub/paging', `A list continues at another origin, ${quoted(hub, page.origin)}.`);
    if (seen.has(page.href) || seen.size >= maxPages)
      throw new SwpError(
        'integrity',
        'hub/paging',
        `A list of the Hub has no end: ${start.origin}${start.pathname} has more than ${seen.size} pages or repeats one.`,
      );
    seen.add(page.href);
    const answer: { readonly value: T[]; readonly headers: Record<string, string | string[] | undefined> } = await callJson(
      hub,
      { method: 'GET', url: page, authorized: true, signal },
      z.array(item),
    );
    items.push(...answer.value);
    page = nextOf(firstHeader(answer.headers['link']) ?? '', page);
  }
  return items;
};
