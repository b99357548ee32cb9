import { neutralise } from './neutralise.js';

interface Terminal {
  write(text: string): unknown;
  readonly rows?: number | undefined;
}

/** A terminal that does not say how high it is. */
const ROWS = 24;
/** Without wrapping a line is one row, however long it is and however wide its characters. */
const WRAPPING = { off: '\u001b[?7l', on: '\u001b[?7h' } as const;

/** The last lines of a terminal, painted over each time. */
export class Live {
  private painted = 0;

  constructor(private readonly terminal: Terminal) {}

  /** Replaces what was shown before. What does not fit on the screen is left out at its end: it could not be painted over. */
  show(lines: readonly string[]): void {
    const shown = lines.slice(0, (this.terminal.rows ?? ROWS) - 1).map((line) => neutralise(line).replaceAll('\n', ' '));
    this.terminal.write(`${this.erasure()}${WRAPPING.off}${shown.map((line) => `${line}\n`).join('')}${WRAPPING.on}`);
    this.painted = shown.length;
  }

  /** Takes away what was shown. */
  clear(): void {
    this.terminal.write(this.erasure());
    this.painted = 0;
  }

  private erasure(): string {
    return this.painted === 0 ? '' : `\u001b[${this.painted}A\u001b[0J`;
  }
}
