import stringWidth from 'fast-string-width';
import type { Paint } from '../../plan/render/paint.js';

type Rows = readonly (readonly string[])[];

const GAP = '  ';
/** A cell that is wider shifts only the rest of its own row. */
const WIDEST_COLUMN = 72;

const pad = (text: string, width: number): string => text + ' '.repeat(Math.max(0, width - stringWidth(text)));

const aligned = (rows: Rows, widths: readonly number[]): string[] =>
  rows.map((cells) => cells.map((cell, at) => (at === cells.length - 1 ? cell : pad(cell, widths[at] ?? 0))).join(GAP));

/** Formats a row as a block of lines: its first cell, then the others below it with their headings. */
const block = ([title = '', ...cells]: readonly string[], [, ...heads]: readonly string[], paint: Paint): string => {
  const width = Math.max(...heads.map((head) => stringWidth(head)));
  const lines = cells.flatMap((cell, at) => (cell === '' ? [] : [`${GAP}${paint.dim(pad(heads[at] ?? '', width))}${GAP}${cell}`]));
  return [paint.bold(title), ...lines].join('\n');
};

/**
 * Returns a function that lays out rows page by page: aligned under their headings, in columns that never shrink on later
 * pages, or as blocks if the terminal is too narrow.
 */
export const tableLayout = (heads: readonly string[], columns: number | undefined, paint: Paint): ((rows: Rows) => string) => {
  let widths: readonly number[] = heads.map((head) => stringWidth(head));
  let isFirst = true;
  return (rows) => {
    widths = widths.map((width, at) =>
      rows.reduce((most, row) => Math.max(most, Math.min(WIDEST_COLUMN, stringWidth(row[at] ?? ''))), width),
    );
    const wasFirst = isFirst;
    isFirst = false;
    const lines = aligned(rows, widths);
    if (columns !== undefined && lines.some((line) => stringWidth(line) > columns))
      return `${wasFirst ? '' : '\n'}${rows.map((row) => block(row, heads, paint)).join('\n\n')}`;
    return [...(wasFirst ? aligned([heads], widths).map(paint.dim) : []), ...lines].join('\n');
  };
};
