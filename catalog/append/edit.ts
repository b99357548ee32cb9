import { isCollection, isNode, isPair, type Document, type YAMLSeq } from 'yaml';
import { SwpError } from '../../core/error.js';
import type { EntryFields } from './render-entry.js';

/** An entry and the catalog source that it is inserted into. */
export interface Edit {
  readonly text: string;
  /** The parsed text, with its source tokens. */
  readonly document: Document;
  readonly list: YAMLSeq;
  /** The column of the key `models`. */
  readonly column: number;
  /** The line ending of the text. */
  readonly eol: string;
  readonly entry: EntryFields;
}

/** Text to insert at an offset; it replaces the text up to `end`. */
export interface Splice {
  readonly at: number;
  readonly end?: number;
  readonly text: string;
}

export const cannotEdit = (why: string): SwpError =>
  new SwpError('invalid', 'catalog/cannot-edit', `SWP cannot add the entry without changing the rest of the file: ${why}.`, {
    hint: 'Print the entry with --dry-run, then add it to the file by hand.',
  });

export const lineStart = (text: string, at: number): number => text.lastIndexOf('\n', at - 1) + 1;

/** Returns the offset after the line break that ends the line at this offset. */
export const lineEnd = (text: string, at: number): number => {
  const found = text.indexOf('\n', at);
  return found === -1 ? text.length : found + 1;
};

/** Returns the {@link lineEnd} after the end of a value, which may already be the end of its line. */
export const lineEndAfter = (text: string, end: number): number => (text[end - 1] === '\n' ? end : lineEnd(text, end));

export const indentOf = (line: string): number => /^[ \t]*/.exec(line)?.[0].length ?? 0;

/** Returns the offset where a node's text ends. A block collection ends where its last item ends. */
export const contentEnd = (node: unknown): number => {
  const end = isPair(node) && node.value !== null ? contentEnd(node.value) : isPair(node) ? contentEnd(node.key) : undefined;
  if (end !== undefined) return end;
  if (isCollection(node) && node.flow !== true && node.items.length > 0) return contentEnd(node.items.at(-1));
  const range = isNode(node) ? node.range?.[1] : undefined;
  if (range === undefined) throw cannotEdit('the end of its last entry cannot be found');
  return range;
};

export const spaces = (count: number): string => ' '.repeat(count);
