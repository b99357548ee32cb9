import pc from 'picocolors';
import { messageOf, SwpError } from '../../core/error.js';
import { redactor, type Redact } from '../../core/redact.js';
import type { Secret } from '../../core/secret.js';
import { PLAIN, type Paint } from '../../plan/render/paint.js';
import { fold } from './fold.js';
import { Live } from './live.js';
import { stripControls } from './strip-controls.js';
import { tableLayout } from './table.js';
import { isoTime, relativeTime, type TimeText } from './time.js';

interface Stream {
  write(text: string): unknown;
  readonly isTTY?: boolean | undefined;
  /** The size of a terminal. */
  readonly rows?: number | undefined;
  readonly columns?: number | undefined;
}

export interface Streams {
  readonly out: Stream;
  readonly err: Stream;
}

export interface OutputOptions {
  readonly json: boolean;
  readonly colour: boolean;
  /** Shown nowhere, whoever repeats them. */
  readonly secrets?: readonly Secret[];
}

/** The one place where `swp` writes: data to stdout, everything else to stderr, and secrets to neither. */
export class Output {
  readonly json: boolean;
  readonly paint: Paint;
  /** A moment in a text of data: as seen from now on a terminal, exact elsewhere. */
  readonly time: TimeText;
  /** For what writes by itself: what goes there is looked through as everything else. */
  readonly streams: Streams;
  private readonly errPaint: Paint;
  private secrets: readonly Secret[];
  private redact: Redact;

  constructor(streams: Streams, { json, colour, secrets = [] }: OutputOptions) {
    this.secrets = secrets;
    this.redact = redactor(secrets);
    const looked = (stream: Stream): Stream => ({
      isTTY: stream.isTTY,
      get rows() {
        return stream.rows;
      },
      get columns() {
        return stream.columns;
      },
      write: (text) => stream.write(this.redact(text)),
    });
    this.streams = { out: looked(streams.out), err: looked(streams.err) };
    this.json = json;
    this.paint = paintFor(!json && colour && streams.out.isTTY === true);
    this.time = streams.out.isTTY === true ? relativeTime : isoTime;
    this.errPaint = paintFor(!json && colour && streams.err.isTTY === true);
  }

  /** Takes these out of everything that is written from now on, too. */
  conceal(secrets: readonly Secret[]): void {
    this.secrets = [...this.secrets, ...secrets];
    this.redact = redactor(this.secrets);
  }

  /** Data in both forms: with `--json` the value, else the text. Text is our own rendering, painted or plain. */
  data(value: unknown, text: () => string): void {
    const { out } = this.streams;
    out.write(this.json ? `${JSON.stringify(value, null, 2)}\n` : `${fold(text(), widthOf(out))}\n`);
  }

  /** A line for the person at the keyboard. */
  note(text: string): void {
    this.tell(stripControls(text));
  }

  /** A place on stderr whose lines are painted over, where that is a terminal; null elsewhere. */
  live(): Live | null {
    return this.streams.err.isTTY === true ? new Live(this.streams.err) : null;
  }

  warn(text: string): void {
    this.tell(`${this.errPaint.careful('warning:')} ${stripControls(text)}`);
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
    this.tell(`${this.errPaint.bad('error:')} ${stripControls(messageOf(error))}`);
    if (known?.hint !== undefined) this.tell(this.errPaint.dim(stripControls(known.hint)));
  }

  /** Rows under their heads: aligned on a terminal, tab-separated and without heads when piped. */
  table(value: unknown, columns: readonly string[], rows: readonly (readonly string[])[]): void {
    this.data(value, () => this.grid(columns)(rows));
  }

  /**
   * As {@link table}, page by page for rows that are never all in memory; with `--json` a list of their values.
   *
   * @returns how many rows there were
   */
  async pages<T>(columns: readonly string[], pages: AsyncIterable<readonly T[]>, cells: (row: T) => readonly string[]): Promise<number> {
    const { out } = this.streams;
    const grid = this.grid(columns);
    let count = 0;
    for await (const page of pages) {
      if (page.length === 0) continue;
      if (this.json) {
        const values = page.map((row) => `  ${JSON.stringify(row, null, 2).replaceAll('\n', '\n  ')}`);
        out.write(`${count === 0 ? '[\n' : ',\n'}${values.join(',\n')}`);
      } else out.write(`${fold(grid(page.map(cells)), widthOf(out))}\n`);
      count += page.length;
    }
    if (this.json) out.write(count === 0 ? '[]\n' : '\n]\n');
    return count;
  }

  private grid(columns: readonly string[]): (rows: readonly (readonly string[])[]) => string {
    const { out } = this.streams;
    const layOut = tableLayout(columns, widthOf(out), this.paint);
    return (rows) => {
      const clean = rows.map((row) => row.map((cell) => stripControls(cell).replaceAll(/[\t\n]/g, ' ')));
      return out.isTTY === true ? layOut(clean) : clean.map((row) => row.join('\t')).join('\n');
    };
  }

  private tell(text: string): void {
    const { err } = this.streams;
    err.write(`${fold(text, widthOf(err))}\n`);
  }
}

/** How wide a terminal is; undefined for what is none, or does not say. */
const widthOf = ({ isTTY, columns }: Stream): number | undefined => (isTTY === true && columns !== 0 ? columns : undefined);

const paintFor = (colour: boolean): Paint => {
  if (!colour) return PLAIN;
  const colours = pc.createColors(true);
  return { bold: colours.bold, dim: colours.dim, good: colours.green, careful: colours.yellow, bad: colours.red };
};
