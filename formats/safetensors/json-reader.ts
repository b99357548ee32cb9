import { SwpError } from '../../core/error.js';

/** Nested deeper, it is no header of ours. */
const MAX_DEPTH = 64;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
/** What runs on without a comma, a bracket or white space: one literal. */
const RUN = /[\w.+-]*/y;
const LITERAL = /^(?:true|false|null|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)$/;
/**
 * The official reader takes no number beyond a double. It rounds by another rule in the last digits below 2^1024 and
 * refuses some there (serde_json, `f64_from_parts`), so all of those are refused here.
 */
const MAX_NUMBER = 1.797e308;
/** Characters of a value that a message shows. */
const SHOWN = 40;

/** Characters. A slice of a longer string would keep all of the text that it is cut from in memory. */
const SHORT_STRING = 12;

/** Thrown where more text may come: who reads can go back and try again when it is there. */
const SHORT = Symbol('the text ends here so far');

const isSpace = (code: number): boolean => code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;

/**
 * A strict JSON reader over a text that arrives in parts. `JSON.parse` will not do for headers of strangers:
 * it takes the last of duplicate keys, rounds integers above 2^53, lets `1.0`, `1e3` and `-0` pass for
 * integers, and wants the whole text in memory.
 *
 * @throws SwpError `formats/bad-json` from every method, with the position in characters
 */
export class JsonReader {
  private text = '';
  private at = 0;
  private dropped = 0;
  private whole = false;
  private depth = 0;

  /** Adds to the text, and forgets what was read. */
  append(text: string): void {
    this.dropped += this.at;
    this.text = this.text.slice(this.at) + text;
    this.at = 0;
  }

  /** No more text will come. */
  finish(): void {
    this.whole = true;
  }

  /** Characters that are there and not read. */
  get left(): number {
    return this.text.length - this.at;
  }

  /** Reads something as a whole; where its text is not all there yet, nothing is read and the answer is false. */
  attempt(read: () => void): boolean {
    const { at, depth } = this;
    try {
      read();
      return true;
    } catch (error) {
      if (error !== SHORT) throw error;
      this.at = at;
      this.depth = depth;
      return false;
    }
  }

  /** Reads one object, handing each key to `member`, which must consume its value. */
  object(member: (key: string) => void): void {
    this.open('{');
    const seen = new Set<string>();
    this.list('}', () => {
      const key = this.key(seen);
      seen.add(key);
      member(key);
    });
  }

  /** Reads one array; `item` must consume each element. */
  array(item: () => void): void {
    this.open('[');
    this.list(']', item);
  }

  /** Reads the beginning of an object or array that is read piece by piece. */
  open(bracket: '{' | '['): void {
    if (this.peek() !== bracket.charCodeAt(0)) this.unexpected(bracket);
    this.at += 1;
  }

  /** Reads a key that is not among those before it, and its colon. */
  key(seen: ReadonlySet<string>): string {
    const begin = this.at;
    const key = this.string();
    if (seen.has(key)) this.fail(begin, `the key ${JSON.stringify(key)} stands twice`);
    if (this.peek() !== 0x3a) this.unexpected(':');
    this.at += 1;
    return key;
  }

  /** Reads what ends a list, or parts its elements; true for the end. */
  closes(close: '}' | ']', first: boolean): boolean {
    const next = this.peek();
    const ends = next === close.charCodeAt(0);
    if (!ends && first) return false;
    if (!ends && next !== 0x2c) this.unexpected(`, or ${close}`);
    this.at += 1;
    return ends;
  }

  string(): string {
    if (this.peek() !== QUOTE) this.unexpected('"');
    const { text } = this;
    const begin = this.at;
    let escaped = false;
    let at = begin + 1;
    for (; ; at += 1) {
      const code = text.charCodeAt(at);
      if (code === QUOTE) break;
      if (code === BACKSLASH) {
        escaped = true;
        at += 1;
      } else if (code < 0x20) this.fail(at, 'a control character inside a string');
      if (at >= text.length) return this.short(begin, 'a string without an end');
    }
    this.at = at + 1;
    if (!escaped && at - begin <= SHORT_STRING) return text.slice(begin + 1, at);
    const value = this.unquote(text.slice(begin, at + 1), begin);
    if (escaped && !value.isWellFormed()) this.fail(begin, 'a string with half a surrogate pair');
    return value;
  }

  /** A number that is written as a non-negative safe integer: no sign, point or exponent. */
  integer(): number {
    this.peek();
    const { text, at: begin } = this;
    let at = begin;
    let value = 0;
    for (; ; at += 1) {
      const digit = text.charCodeAt(at) - 0x30;
      if (!(digit >= 0 && digit <= 9)) break;
      value = value * 10 + digit;
    }
    const leadingZero = at > begin + 1 && text.charCodeAt(begin) === 0x30;
    if (at === begin || leadingZero || at >= text.length || this.runEnd(at) > at)
      return this.fail(begin, `expected a non-negative integer, found ${JSON.stringify(this.run().slice(0, SHOWN) || text.charAt(at))}`);
    if (!Number.isSafeInteger(value)) this.fail(begin, `${text.slice(begin, Math.min(at, begin + SHOWN))} is larger than any file`);
    this.at = at;
    return value;
  }

  /** True when the next value is `null`, which is consumed. */
  isNull(): boolean {
    if (this.peek() !== 0x6e) return false;
    this.literal();
    return true;
  }

  /** Consumes any one value, as strictly as the others. */
  skip(): void {
    const next = this.peek();
    if (next === 0x7b) this.object(() => this.skip());
    else if (next === 0x5b) this.array(() => this.skip());
    else if (next === QUOTE) this.string();
    else this.literal();
  }

  /** Nothing but white space may follow. */
  end(): void {
    this.spaces();
    if (this.at < this.text.length) this.fail(this.at, 'more text after the value');
    if (!this.whole) throw SHORT;
  }

  private list(close: '}' | ']', element: () => void): void {
    this.depth += 1;
    if (this.depth > MAX_DEPTH) this.fail(this.at, `nested deeper than ${MAX_DEPTH}`);
    for (let first = true; !this.closes(close, first); first = false) element();
    this.depth -= 1;
  }

  private literal(): void {
    const run = this.run();
    if (!LITERAL.test(run)) this.unexpected('a value');
    if (Math.abs(Number(run)) > MAX_NUMBER) this.fail(this.at, `the number ${run.slice(0, SHOWN)} is too large for any reader`);
    this.at += run.length;
  }

  /** Where what begins at `at` and runs on ends. */
  private runEnd(at: number): number {
    RUN.lastIndex = at;
    const end = at + (RUN.exec(this.text)?.[0].length ?? 0);
    if (end >= this.text.length && !this.whole) throw SHORT;
    return end;
  }

  private run(): string {
    return this.text.slice(this.at, this.runEnd(this.at));
  }

  private unquote(raw: string, begin: number): string {
    try {
      const value: unknown = JSON.parse(raw);
      if (typeof value === 'string') return value;
    } catch {
      // Said below.
    }
    return this.fail(begin, 'a string with a wrong escape');
  }

  private spaces(): void {
    while (isSpace(this.text.charCodeAt(this.at))) this.at += 1;
  }

  /** The code of the next character that is no white space; NaN at the end of the text. */
  private peek(): number {
    this.spaces();
    if (this.at >= this.text.length && !this.whole) throw SHORT;
    return this.text.charCodeAt(this.at);
  }

  private unexpected(expected: string): never {
    const found = this.at < this.text.length ? JSON.stringify(this.text.charAt(this.at)) : 'the end';
    return this.fail(this.at, `expected ${expected}, found ${found}`);
  }

  private short(at: number, what: string): never {
    if (!this.whole) throw SHORT;
    return this.fail(at, what);
  }

  private fail(at: number, what: string): never {
    throw new SwpError('integrity', 'formats/bad-json', `At character ${this.dropped + at}: ${what}.`);
  }
}
