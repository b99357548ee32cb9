import type { Secret } from './secret.js';

const HIDDEN = '[secret]';
/** A shorter string is not a token, and hiding it would garble every text. */
const SHORTEST = 6;

/**
 * Matches everything in a text except literal visible ASCII: the escape sequences of JSON, URLs and HTML, and blank,
 * invisible or non-ASCII characters. A token contains none of these, and sanitising removes some of them.
 */
const NON_PLAIN = /\\u[0-9a-f]{4}|%[0-9a-f]{2}|&#x[0-9a-f]{1,4};|&#\d{1,5};|\\\\|\\["/]|\\[bfnrt]?|[^\u0021-\u007e]+/gi;
/** Also matches whole terminal escape sequences (ECMA-48, CSI), whose last character could also be the first of a token. */
const NON_PLAIN_OR_ANSI = new RegExp(String.raw`(?:\u001b|\\u001b)\[[0-?]*[ -/]*[@-[\]-~]|${NON_PLAIN.source}`, NON_PLAIN.flags);
/** Matches an incomplete escape sequence of {@link NON_PLAIN} at the end of a cut text. */
const CUT_ESCAPE = /(?:%[0-9a-f]?|\\(?:u[0-9a-f]{0,3})?|&#?x?[0-9a-f]{0,5})$/i;

/**
 * Returns the code of an escaped character, or 0 if `nonPlain` is not an escape sequence. Runs for every match,
 * possibly in megabytes.
 */
const escapedCode = (nonPlain: string): number => {
  switch (nonPlain[0]) {
    case '%':
      return Number.parseInt(nonPlain.slice(1), 16);
    case '&':
      return nonPlain[2] === 'x' || nonPlain[2] === 'X' ? Number.parseInt(nonPlain.slice(3), 16) : Number.parseInt(nonPlain.slice(2), 10);
    case '\\':
      if (nonPlain === '\\"' || nonPlain === '\\/') return nonPlain.charCodeAt(1);
      return nonPlain.length === '\\u0000'.length ? Number.parseInt(nonPlain.slice(2), 16) : 0;
    default:
      return 0;
  }
};

/** Returns the letter that an escape sequence represents, or an empty string if sanitising removes it. */
const decodeLetter = (nonPlain: string): string => {
  const code = escapedCode(nonPlain);
  return code > 0x20 && code < 0x7f && code !== 0x5c ? String.fromCharCode(code).toLowerCase() : '';
};

/** Returns the visible letters of a text in lower case, with escapes decoded and everything between the letters removed. */
const decodeLetters = (text: string, nonPlain: RegExp): string => text.replaceAll(nonPlain, (found) => decodeLetter(found)).toLowerCase();

interface Range {
  readonly begin: number;
  readonly end: number;
}

/** Returns the range in the text of each letter of {@link decodeLetters}. */
const letterRanges = (text: string, nonPlain: RegExp): Range[] => {
  const ranges: Range[] = [];
  let position = 0;
  const plainUntil = (end: number): void => {
    for (; position < end; position += 1) ranges.push({ begin: position, end: position + 1 });
  };
  for (const { 0: found, index } of text.matchAll(nonPlain)) {
    plainUntil(index);
    position = index + found.length;
    if (decodeLetter(found) !== '') ranges.push({ begin: index, end: position });
  }
  plainUntil(text.length);
  return ranges;
};

const rangesOf = (letters: string, form: string): Range[] => {
  const found: Range[] = [];
  for (let at = letters.indexOf(form); at !== -1; at = letters.indexOf(form, at + form.length))
    found.push({ begin: at, end: at + form.length });
  return found;
};

/** Fewer letters at the end of a cut text do not identify a secret. */
const FEWEST = 4;

/** Returns the range of the longest prefix of a secret at the end of a cut text. */
const prefixAtEnd = (letters: string, form: string): Range[] => {
  for (let length = Math.min(letters.length, form.length - 1); length >= FEWEST; length -= 1)
    if (letters.endsWith(form.slice(0, length))) return [{ begin: letters.length - length, end: letters.length }];
  return [];
};

/** Sorts ranges by their start and merges overlapping ranges. */
const mergeRanges = (ranges: readonly Range[]): Range[] => {
  const all: Range[] = [];
  for (const range of ranges.toSorted((a, b) => a.begin - b.begin)) {
    const last = all.at(-1);
    if (last === undefined || range.begin >= last.end) all.push(range);
    else all[all.length - 1] = { begin: last.begin, end: Math.max(last.end, range.end) };
  }
  return all;
};

/** Returns the normalized forms of secrets, as in {@link decodeLetters}; also for secrets that look escaped but are not. */
const normalizedFormsOf = (secrets: readonly Secret[]): string[] => {
  const texts = secrets.map((secret) => secret.reveal());
  const found = texts.flatMap((text) => [decodeLetters(text, NON_PLAIN), text.replaceAll(/[^!-[\]-~]/g, '').toLowerCase()]);
  return [...new Set(found)].filter(({ length }) => length >= SHORTEST);
};

/** Hides every occurrence of a secret's normalized form, whichever way its letters are written. */
const hideForms = (text: string, nonPlain: RegExp, forms: readonly string[], isCut: boolean): string => {
  const letters = decodeLetters(text, nonPlain);
  const found = mergeRanges(forms.flatMap((form) => [...rangesOf(letters, form), ...(isCut ? prefixAtEnd(letters, form) : [])]));
  if (found.length === 0) return text;
  const ranges = letterRanges(text, nonPlain);
  let clean = '';
  let position = 0;
  for (const { begin, end } of found) {
    clean += `${text.slice(position, ranges[begin]?.begin)}${HIDDEN}`;
    position = ranges[end - 1]?.end ?? text.length;
  }
  return `${clean}${text.slice(position)}`;
};

/** Matches characters that are neither visible ASCII nor blank: they can be inside a word without being visible. */
const UNSEEN = String.raw`[^\s\u0021-\u007e]*`;
const ANY_HUB_TOKEN = new RegExp(`h${UNSEEN}f${UNSEEN}_(?:${UNSEEN}[A-Za-z0-9]){16,}`, 'g');
/** Matches JSON Web Tokens (RFC 7519), the form of Temporal's API keys. */
const ANY_SIGNED_TOKEN = /(?<![\w-])eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]{8,}/g;
const ANY_BEARER = /\b(Bearer\s+)[\w.~+/=-]{8,}/gi;
const ANY_CREDENTIALS = /\b([a-z][a-z0-9+.-]{0,20}:\/\/)[^\s/?#]*@/gi;

const hideShapes = (text: string): string =>
  text
    .replaceAll(ANY_HUB_TOKEN, HIDDEN)
    .replaceAll(ANY_SIGNED_TOKEN, HIDDEN)
    .replaceAll(ANY_BEARER, `$1${HIDDEN}`)
    .replaceAll(ANY_CREDENTIALS, `$1${HIDDEN}@`);

/**
 * Removes secrets from a text. The text must be raw: a text that was already cut or folded may contain most of a token.
 *
 * @param end `cut` if the text was truncated at its end: a possible beginning of a secret there is hidden too
 */
export type Redact = (text: string, end?: 'whole' | 'cut') => string;

/** Creates a {@link Redact} for these secrets, for everything that looks like a token and for passwords in URLs. */
export const redactor = (secrets: readonly Secret[]): Redact => {
  const forms = normalizedFormsOf(secrets);
  const exact = secrets.map((secret) => secret.reveal()).filter((text) => text.length >= SHORTEST && !/["\\]/.test(text));
  // A secret with a quote or a backslash is escaped in JSON and is found by its letters. Longest first: one secret may
  // be a prefix of another.
  exact.sort((a, b) => b.length - a.length);
  return (text, end = 'whole') => {
    const isCut = end === 'cut';
    const plain = exact.reduce((clean, secret) => clean.replaceAll(secret, HIDDEN), isCut ? text.replace(CUT_ESCAPE, '') : text);
    return hideShapes([NON_PLAIN_OR_ANSI, NON_PLAIN].reduce((clean, nonPlain) => hideForms(clean, nonPlain, forms, isCut), plain));
  };
};

/** Checks if a text contains one of these secrets in any encoding. */
export const holdsSecret = (secrets: readonly Secret[], text: string): boolean => {
  const forms = normalizedFormsOf(secrets);
  const ways = /\u001b|\\u001b/i.test(text) ? [NON_PLAIN_OR_ANSI, NON_PLAIN] : [NON_PLAIN];
  return ways.some((nonPlain) => {
    const letters = decodeLetters(text, nonPlain);
    return forms.some((form) => letters.includes(form));
  });
};
