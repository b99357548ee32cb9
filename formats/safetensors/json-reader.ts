import { SwpError } from '../../core/error.js';

/** No header or index nests deeper. */
const MAX_DEPTH = 64;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
/** Matches one literal: the characters up to a comma, a bracket or white space. */
const RUN = /[\w.+-]*/y;
const LITERAL = /^(?:true|false|null|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)$/;
/**
 * The official reader accepts no number beyond a double. Just below 2^1024 it rounds the last digits by another rule and
 * refuses some numbers (serde_json, `f64_from_parts`), so this reader refuses all of those.
 */
const MAX_NUMBER = 1.797e308;
/** Maximum characters of a value in a message. */
const SHOWN = 40;

/** Characters. A longer slice would keep the whole text that it comes from in memory. */
const SHORT_STRING = 12;

/** Thrown at the end of the text while more may arrive: the caller can go back and try again later. */
const INCOMPLETE = Symbol('the text ends here so far');

const isSpace = (code: number): boolean => code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;

/**
 * A strict JSON reader for text that arrives in parts. `JSON.parse` is not suitable for untrusted headers: it accepts
 * duplicate keys and uses the last, rounds integers above 2^53, accepts `1.0`, `1e3` and `-0` as integers, and needs the
 * whole text in memory.
 *
 * @throws SwpError `formats/bad-json` from every method, with the position in characters
 */
export class JsonReader {
  private text = '';
  private at = 0;
  private dropped = 0;
  private isComplete = false;
  private depth = 0;

  /** Appends text, and drops the text that was read. */
  append(text: string): void {
    this.dropped += this.at;
    this.text = this.text.slice(this.at) + text;
    this.at = 0;
  }

  /** Marks the text as complete. */
  finish(): void {
    this.isComplete = true;
  }

  /** The number of unread characters. */
  get left(): number {
    return this.text.length - this.at;
  }

  /** Runs `read`; if its text is still incomplete, restores the position and returns false. */
  attempt(read: () => void): boolean {
    const { at, depth } = this;
    try {
      read();
      return true;
    } catch (error) {
      if (error !== INCOMPLETE) throw error;
      this.at = at;
      this.depth = depth;
      return false;
    }
  }

  /** Reads one object; `member` receives each key and must consume its value. */
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

  /** Reads the opening bracket of an object or array that the caller reads piece by piece. */
  open(bracket: '{' | '['): void {
    if (this.peek() !== bracket.charCodeAt(0)) this.unexpected(bracket);
    this.at += 1;
  }

  /** Reads a key and its colon; fails if the key is in `seen`. */
  key(seen: ReadonlySet<string>): string {
    const begin = this.at;
    const key = this.string();
    if (seen.has(key)) this.fail(begin, `the key ${JSON.stringify(key)} occurs twice`);
    if (this.peek() !== 0x3a) this.unexpected(':');
    this.at += 1;
    return key;
  }

  /** Reads the end of a list or the separator between its elements; returns true at the end. */
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
      if (at >= text.length) return this.incomplete(begin, 'a string without an end');
    }
    this.at = at + 1;
    if (!escaped && at - begin <= SHORT_STRING) return text.slice(begin + 1, at);
    const value = this.unquote(text.slice(begin, at + 1), begin);
    if (escaped && !value.isWellFormed()) this.fail(begin, 'a string with half a surrogate pair');
    return value;
  }

  /** Reads a non-negative safe integer, written without a sign, a point or an exponent. */
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
    if (at === begin || leadingZero || this.runEnd(at) > at)
      return this.fail(begin, `expected a non-negative integer, found ${JSON.stringify(this.run().slice(0, SHOWN) || text.charAt(at))}`);
    if (!Number.isSafeInteger(value)) this.fail(begin, `${text.slice(begin, Math.min(at, begin + SHOWN))} is larger than any file`);
    this.at = at;
    return value;
  }

  /** Consumes `null` and returns true if it is the next value. */
  isNull(): boolean {
    if (this.peek() !== 0x6e) return false;
    this.literal();
    return true;
  }

  /** Consumes one value of any type, with the same strict rules. */
  skip(): void {
    const next = this.peek();
    if (next === 0x7b) this.object(() => this.skip());
    else if (next === 0x5b) this.array(() => this.skip());
    else if (next === QUOTE) this.string();
    else this.literal();
  }

  /** Checks that only white space follows. */
  end(): void {
    this.skipSpaces();
    if (this.at < this.text.length) this.fail(this.at, 'more text after the value');
    if (!this.isComplete) throw INCOMPLETE;
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

  /** Returns the end of the literal that begins at `at`. */
  private runEnd(at: number): number {
    RUN.lastIndex = at;
    const end = at + (RUN.exec(this.text)?.[0].length ?? 0);
    if (end >= this.text.length && !this.isComplete) throw INCOMPLETE;
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
      // Reported below.
    }
    return this.fail(begin, 'a string with an invalid escape');
  }

  private skipSpaces(): void {
    while (isSpace(this.text.charCodeAt(this.at))) this.at += 1;
  }

  /** Returns the code of the next character after white space; NaN at the end of the text. */
  private peek(): number {
    this.skipSpaces();
    if (this.at >= this.text.length && !this.isComplete) throw INCOMPLETE;
    return this.text.charCodeAt(this.at);
  }

  private unexpected(expected: string): never {
    const found = this.at < this.text.length ? JSON.stringify(this.text.charAt(this.at)) : 'the end';
    return this.fail(this.at, `expected ${expected}, found ${found}`);
  }

  private incomplete(at: number, message: string): never {
    if (!this.isComplete) throw INCOMPLETE;
    return this.fail(at, message);
  }

  private fail(at: number, message: string): never {
    throw new SwpError('integrity', 'formats/bad-json', `At character ${this.dropped + at}: ${message}.`);
  }
}
