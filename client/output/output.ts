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
  /** Redacted in all output, including texts from outside that contain them. */
  readonly secrets?: readonly Secret[];
}

/** The only place where `swp` writes: data to stdout, everything else to stderr, and secrets to neither. */
export class Output {
  readonly json: boolean;
  readonly paint: Paint;
  /** Formats a time in data: relative to now on a terminal, exact elsewhere. */
  readonly time: TimeText;
  /** Streams for code that writes by itself, such as commander. Their output is redacted, too. */
  readonly streams: Streams;
  private readonly errPaint: Paint;
  private secrets: readonly Secret[];
  private redact: Redact;

  constructor(streams: Streams, { json, colour, secrets = [] }: OutputOptions) {
    this.secrets = secrets;
    this.redact = redactor(secrets);
    const redacted = (stream: Stream): Stream => ({
      isTTY: stream.isTTY,
      get rows() {
        return stream.rows;
      },
      get columns() {
        return stream.columns;
      },
      write: (text) => stream.write(this.redact(text)),
    });
    this.streams = { out: redacted(streams.out), err: redacted(streams.err) };
    this.json = json;
    this.paint = paintFor(!json && colour && streams.out.isTTY === true);
    this.time = streams.out.isTTY === true ? relativeTime : isoTime;
    this.errPaint = paintFor(!json && colour && streams.err.isTTY === true);
  }

  /** Adds secrets to redact from now on. */
  conceal(secrets: readonly Secret[]): void {
    this.secrets = [...this.secrets, ...secrets];
    this.redact = redactor(this.secrets);
  }

  /** Writes data to stdout: the value with `--json`, else the text. The text is our own rendering, painted or plain. */
  data(value: unknown, text: () => string): void {
    const { out } = this.streams;
    out.write(this.json ? `${JSON.stringify(value, null, 2)}\n` : `${fold(text(), widthOf(out))}\n`);
  }

  /** Writes a line for the user to stderr. */
  note(text: string): void {
    this.writeError(stripControls(text));
  }

  /** Returns lines on stderr that can be repainted; null if stderr is not a terminal. */
  live(): Live | null {
    return this.streams.err.isTTY === true ? new Live(this.streams.err) : null;
  }

  warn(text: string): void {
    this.writeError(`${this.errPaint.careful('warning:')} ${stripControls(text)}`);
  }

  /** Writes an error: what happened, why, and what to do next. */
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
    this.writeError(`${this.errPaint.bad('error:')} ${stripControls(messageOf(error))}`);
    if (known?.hint !== undefined) this.writeError(this.errPaint.dim(stripControls(known.hint)));
  }

  /** Writes rows: aligned under their headings on a terminal, tab-separated and without headings when piped. */
  table(value: unknown, columns: readonly string[], rows: readonly (readonly string[])[]): void {
    this.data(value, () => this.grid(columns)(rows));
  }

  /**
   * Writes rows like {@link table}, but page by page, so that they are never all in memory; with `--json` a list of the rows.
   *
   * @returns the number of rows
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

  private writeError(text: string): void {
    const { err } = this.streams;
    err.write(`${fold(text, widthOf(err))}\n`);
  }
}

/** Returns the width of a terminal; undefined if the stream is not a terminal or does not report it. */
const widthOf = ({ isTTY, columns }: Stream): number | undefined => (isTTY === true && columns !== 0 ? columns : undefined);

const paintFor = (colour: boolean): Paint => {
  if (!colour) return PLAIN;
  const colours = pc.createColors(true);
  return { bold: colours.bold, dim: colours.dim, good: colours.green, careful: colours.yellow, bad: colours.red };
};
