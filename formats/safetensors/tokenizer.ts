import { SwpError } from '../../core/error.js';

/** Nested deeper, it is no header of ours. */
const MAX_DEPTH = 64;

const fail = (at: number, what: string): never => {
  throw new SwpError('integrity', 'formats/bad-json', `At character ${at}: ${what}.`);
};

/** What is read of a JSON text, strictly: no duplicate keys, and numbers as they are written. */
export interface JsonReader {
  /** Reads one object, handing each key to `member`, which must consume its value. */
  object(member: (key: string) => void): void;
  /** Reads one array; `item` must consume each element. */
  array(item: () => void): void;
  string(): string;
  /** A number that is written as a non-negative safe integer: no sign, point or exponent. */
  integer(): number;
  /** True when the next value is `null`, which is consumed. */
  isNull(): boolean;
  /** Consumes any one value, as strictly as the others. */
  skip(): void;
  /** Nothing but white space may follow. */
  end(): void;
}

/**
 * A strict JSON reader. `JSON.parse` will not do for headers of strangers: it takes the last of duplicate
 * keys, rounds integers above 2^53, and lets `1.0`, `1e3` and `-0` pass for integers.
 */
export const readJson = (text: string): JsonReader => {
  let at = 0;
  let depth = 0;

  const space = (): void => {
    while (at < text.length && ' \t\n\r'.includes(text.charAt(at))) at += 1;
  };
  const peek = (): string => {
    space();
    return text.charAt(at);
  };
  const take = (expected: string): void => {
    if (peek() !== expected) fail(at, `expected ${expected}, found ${at < text.length ? JSON.stringify(text.charAt(at)) : 'the end'}`);
    at += 1;
  };

  const string = (): string => {
    take('"');
    const begin = at - 1;
    for (; ; at += 1) {
      const code = text.charCodeAt(at);
      if (Number.isNaN(code)) fail(begin, 'a string without an end');
      if (code === 0x22) break;
      if (code < 0x20) fail(at, 'a control character inside a string');
      if (code === 0x5c) at += 1;
    }
    at += 1;
    const raw = text.slice(begin, at);
    let value: unknown;
    try {
      value = JSON.parse(raw);
    } catch {
      fail(begin, 'a string with a wrong escape');
    }
    if (typeof value !== 'string' || !value.isWellFormed()) return fail(begin, 'a string with half a surrogate pair');
    return value;
  };

  const inside = (read: () => void): void => {
    depth += 1;
    if (depth > MAX_DEPTH) fail(at, `nested deeper than ${MAX_DEPTH}`);
    read();
    depth -= 1;
  };

  const list = (close: string, element: () => void): void =>
    inside(() => {
      if (peek() === close) {
        at += 1;
        return;
      }
      for (;;) {
        element();
        const next = peek();
        if (next !== ',' && next !== close) fail(at, `expected , or ${close}`);
        at += 1;
        if (next === close) return;
      }
    });

  const object = (member: (key: string) => void): void => {
    take('{');
    const seen = new Set<string>();
    list('}', () => {
      const begin = at;
      const key = string();
      if (seen.has(key)) fail(begin, `the key ${JSON.stringify(key)} stands twice`);
      seen.add(key);
      take(':');
      member(key);
    });
  };

  const array = (item: () => void): void => {
    take('[');
    list(']', item);
  };

  const token = (pattern: RegExp): string | null => {
    space();
    pattern.lastIndex = at;
    const found = pattern.exec(text)?.[0];
    if (found === undefined) return null;
    at += found.length;
    return found;
  };

  const integer = (): number => {
    const begin = at;
    const found = token(/-?[0-9][0-9.eE+-]*/y);
    if (found === null || !/^(0|[1-9][0-9]*)$/.test(found))
      return fail(begin, `expected a non-negative integer, found ${found ?? JSON.stringify(text.charAt(at))}`);
    const value = Number(found);
    if (!Number.isSafeInteger(value)) fail(begin, `${found} is larger than any file`);
    return value;
  };

  const skip = (): void => {
    const next = peek();
    if (next === '{') object(() => skip());
    else if (next === '[') array(skip);
    else if (next === '"') string();
    else if (token(/(?:true|false|null|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)(?![\w.+-])/y) === null)
      fail(at, 'expected a value');
  };

  return {
    object,
    array,
    string,
    integer,
    isNull: () => token(/null(?!\w)/y) !== null,
    skip,
    end: () => {
      if (peek() !== '') fail(at, 'more text after the value');
    },
  };
};

/** Decodes UTF-8 strictly. */
export const decodeUtf8 = (bytes: Uint8Array): string => {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new SwpError('integrity', 'formats/bad-utf8', 'The text is not UTF-8.', { cause });
  }
};
