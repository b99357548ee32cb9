import { fold } from './fold.js';
import { stripControls } from './strip-controls.js';

interface Terminal {
  write(text: string): unknown;
  readonly rows?: number | undefined;
  readonly columns?: number | undefined;
}

/** A terminal that does not say how high it is. */
const ROWS = 24;
/** Without wrapping a line is one row, however long it is and however wide its characters. */
const WRAPPING = { off: '\u001b[?7l', on: '\u001b[?7h' } as const;
const ERASE = { line: '\u001b[2K', below: '\u001b[J' } as const;

const up = (rows: number): string => (rows === 0 ? '' : `\u001b[${rows}A`);

/** The last lines of a terminal, painted over each time. */
export class Live {
  private painted: readonly string[] = [];

  constructor(private readonly terminal: Terminal) {}

  /** Replaces what was shown before. What does not fit on the screen is left out at its end: it could not be painted over. */
  show(lines: readonly string[]): void {
    const { columns, rows = ROWS } = this.terminal;
    const fitting = lines.flatMap((line) => fold(stripControls(line).replaceAll('\n', ' '), columns).split('\n'));
    const shown = fitting.slice(0, rows - 1);
    if (shown.join('\n') === this.painted.join('\n')) return;
    // Line by line: a terminal that is erased from its first row keeps what was there in its scrollback, each time. And each
    // before it is written: behind a line as wide as the terminal, erasing takes its last character.
    const painting = shown.map((line) => `${ERASE.line}${line}\n`).join('');
    const rest = shown.length < this.painted.length ? ERASE.below : '';
    this.terminal.write(`${up(this.painted.length)}${WRAPPING.off}${painting}${rest}${WRAPPING.on}`);
    this.painted = shown;
  }

  /** Takes away what was shown. */
  clear(): void {
    if (this.painted.length > 0) this.terminal.write(`${up(this.painted.length)}${ERASE.below}`);
    this.painted = [];
  }
}
