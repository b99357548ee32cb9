import { fold } from './fold.js';
import { stripControls } from './strip-controls.js';

interface Terminal {
  write(text: string): unknown;
  readonly rows?: number | undefined;
  readonly columns?: number | undefined;
}

/** Height of a terminal that does not report it. */
const DEFAULT_ROWS = 24;
/** Switches of line wrapping: without it a line takes one row, whatever its length and the width of its characters. */
const WRAPPING = { off: '\u001b[?7l', on: '\u001b[?7h' } as const;
const ERASE = { line: '\u001b[2K', below: '\u001b[J' } as const;

const up = (rows: number): string => (rows === 0 ? '' : `\u001b[${rows}A`);

/** The last lines of a terminal, repainted with each update. */
export class Live {
  private painted: readonly string[] = [];

  constructor(private readonly terminal: Terminal) {}

  /** Replaces the lines shown before. Drops the last lines if they do not fit on the screen: they could not be repainted. */
  show(lines: readonly string[]): void {
    const { columns, rows = DEFAULT_ROWS } = this.terminal;
    const fitting = lines.flatMap((line) => fold(stripControls(line).replaceAll('\n', ' '), columns).split('\n'));
    const shown = fitting.slice(0, rows - 1);
    if (shown.join('\n') === this.painted.join('\n')) return;
    // Erase line by line: a terminal that is erased from its first row pushes the old text into its scrollback each time.
    // Erase a line before writing it: after a line as wide as the terminal, erasing removes its last character.
    const painting = shown.map((line) => `${ERASE.line}${line}\n`).join('');
    const rest = shown.length < this.painted.length ? ERASE.below : '';
    this.terminal.write(`${up(this.painted.length)}${WRAPPING.off}${painting}${rest}${WRAPPING.on}`);
    this.painted = shown;
  }

  /** Removes the lines shown before. */
  clear(): void {
    if (this.painted.length > 0) this.terminal.write(`${up(this.painted.length)}${ERASE.below}`);
    this.painted = [];
  }
}
