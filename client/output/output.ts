import pc from 'picocolors';
import { messageOf, SwpError } from '../../core/error.js';
import { PLAIN, type Paint } from '../../plan/render/terminal.js';
import { neutralise } from './neutralise.js';

export interface Streams {
  readonly out: { write(text: string): unknown; readonly isTTY?: boolean | undefined };
  readonly err: { write(text: string): unknown; readonly isTTY?: boolean | undefined };
}

export interface OutputOptions {
  readonly json: boolean;
  readonly colour: boolean;
}

/** The one place where `swp` writes: data to stdout, everything else to stderr. */
export class Output {
  readonly json: boolean;
  readonly paint: Paint;
  private readonly errPaint: Paint;

  constructor(
    private readonly streams: Streams,
    { json, colour }: OutputOptions,
  ) {
    this.json = json;
    this.paint = paintFor(!json && colour && streams.out.isTTY === true);
    this.errPaint = paintFor(!json && colour && streams.err.isTTY === true);
  }

  /** Data in both forms: with `--json` the value, else the text. Text is our own rendering, painted or plain. */
  data(value: unknown, text: () => string): void {
    this.streams.out.write(this.json ? `${JSON.stringify(value, null, 2)}\n` : `${text()}\n`);
  }

  /** A line for the person at the keyboard. */
  note(text: string): void {
    this.streams.err.write(`${neutralise(text)}\n`);
  }

  warn(text: string): void {
    this.streams.err.write(`${this.errPaint.careful('warning:')} ${neutralise(text)}\n`);
  }

  /** What happened, why, and what to do next. */
  error(error: unknown): void {
    const known = error instanceof SwpError ? error : undefined;
    if (this.json) {
      const shown = {
        error: {
          code: known?.code ?? 'internal',
          kind: known?.kind ?? 'internal',
          message: messageOf(error),
          ...(known?.hint === undefined ? {} : { hint: known.hint }),
        },
      };
      this.streams.err.write(`${JSON.stringify(shown)}\n`);
      return;
    }
    this.streams.err.write(`${this.errPaint.bad('error:')} ${neutralise(messageOf(error))}\n`);
    if (known?.hint !== undefined) this.streams.err.write(`${this.errPaint.dim(neutralise(known.hint))}\n`);
  }

  /** Rows under their heads: aligned on a terminal, tab-separated and without heads when piped. */
  table(value: unknown, columns: readonly string[], rows: readonly (readonly string[])[]): void {
    const clean = rows.map((row) => row.map((cell) => neutralise(cell).replaceAll(/[\t\n]/g, ' ')));
    this.data(value, () =>
      this.streams.out.isTTY === true ? align(columns, clean, this.paint) : clean.map((row) => row.join('\t')).join('\n'),
    );
  }
}

const align = (columns: readonly string[], rows: readonly (readonly string[])[], paint: Paint): string => {
  const widths = columns.map((column, at) => Math.max(column.length, ...rows.map((row) => row[at]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    cells.map((cell, at) => (at === cells.length - 1 ? cell : cell.padEnd(widths[at] ?? 0))).join('  ');
  return [paint.dim(line(columns)), ...rows.map(line)].join('\n');
};

const paintFor = (colour: boolean): Paint => {
  if (!colour) return PLAIN;
  const colours = pc.createColors(true);
  return { bold: colours.bold, dim: colours.dim, good: colours.green, careful: colours.yellow, bad: colours.red };
};
