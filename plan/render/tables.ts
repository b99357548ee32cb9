import type { Check } from '../checks.js';
import type { PlanChange } from '../diff.js';
import { codeSpan, escapeMarkdown } from '../escape.js';

const MARK = { ok: '✓ ok', warn: '⚠ warn', blocked: '✗ blocked' } as const;

/** Renders a Markdown table; the cells are escaped already. Rows beyond `most` are only counted. */
export const table = (head: readonly string[], rows: readonly (readonly string[])[], most = Infinity): string => {
  if (rows.length === 0) return '';
  const shown = rows.slice(0, most);
  const more = rows.length - shown.length;
  const lines = [`| ${head.join(' | ')} |`, `|${head.map(() => '---').join('|')}|`, ...shown.map((row) => `| ${row.join(' | ')} |`)];
  return `${lines.join('\n')}${more === 0 ? '' : `\n\n(and ${more} more)`}`;
};

export const checkTable = (checks: readonly Check[], most?: number): string =>
  table(
    ['check', 'verdict', 'message'],
    checks.map((check) => [
      codeSpan(check.code),
      MARK[check.verdict],
      escapeMarkdown(check.fix === undefined ? check.message : `${check.message} ${check.fix}`, 600),
    ]),
    most,
  );

export const changeTable = (changes: readonly PlanChange[], most: number): string =>
  table(
    ['field', 'before', 'after'],
    changes.map((change) => [codeSpan(change.path), codeSpan(change.before ?? '(nothing)'), codeSpan(change.after ?? '(nothing)')]),
    most,
  );

/** Cuts a text to at most `maxBytes` bytes of UTF-8, at the end of a line; returns null if all of it fits. */
export const cutAtLine = (text: string, maxBytes: number): string | null => {
  const bytes = new TextEncoder().encode(text);
  if (bytes.byteLength <= maxBytes) return null;
  const start = new TextDecoder().decode(bytes.subarray(0, maxBytes));
  return start.slice(0, Math.max(0, start.lastIndexOf('\n')));
};

/** GitHub accepts a job summary of at most 1 MiB per step, and shows nothing of a larger one. */
export const SUMMARY_LIMIT = 1_000_000;
