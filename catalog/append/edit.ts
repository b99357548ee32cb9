import { isCollection, isNode, isPair, type Document, type YAMLSeq } from 'yaml';
import { SwpError } from '../../core/error.js';
import type { EntryFields } from './render-entry.js';

/** An entry on its way into the list of a catalog source. */
export interface Edit {
  readonly text: string;
  /** Parsed from the text, with its source tokens. */
  readonly document: Document;
  readonly list: YAMLSeq;
  /** Column of the key `models`. */
  readonly column: number;
  /** How the text ends its lines. */
  readonly eol: string;
  readonly entry: EntryFields;
}

/** Text that goes in at an offset, in place of what is there up to `end`. */
export interface Splice {
  readonly at: number;
  readonly end?: number;
  readonly text: string;
}

export const cannotEdit = (why: string): SwpError =>
  new SwpError('invalid', 'catalog/cannot-edit', `The catalog cannot be edited without changing what else is in it: ${why}.`, {
    hint: 'Put the entry in by hand: with --dry-run it is printed.',
  });

export const lineStart = (text: string, at: number): number => text.lastIndexOf('\n', at - 1) + 1;

/** The offset behind the line break that ends the line of this offset. */
export const lineEnd = (text: string, at: number): number => {
  const found = text.indexOf('\n', at);
  return found === -1 ? text.length : found + 1;
};

/** The same for the end of a value, which may be that of its line already. */
export const lineEndAfter = (text: string, end: number): number => (text[end - 1] === '\n' ? end : lineEnd(text, end));

export const indentOf = (line: string): number => /^[ \t]*/.exec(line)?.[0].length ?? 0;

/** Where a node's own text ends. A block collection has no end of its own: it is that of what it holds last. */
export const contentEnd = (node: unknown): number => {
  const end = isPair(node) && node.value !== null ? contentEnd(node.value) : isPair(node) ? contentEnd(node.key) : undefined;
  if (end !== undefined) return end;
  if (isCollection(node) && node.flow !== true && node.items.length > 0) return contentEnd(node.items.at(-1));
  const range = isNode(node) ? node.range?.[1] : undefined;
  if (range === undefined) throw cannotEdit('its last entry has no end');
  return range;
};

export const spaces = (count: number): string => ' '.repeat(count);
