import type { Secret } from './secret.js';

const HIDDEN = '[secret]';
/** Shorter ones are no tokens, and hiding them would garble every text. */
const SHORTEST = 6;

/**
 * What a text has besides visible ASCII as it is: characters escaped as JSON, URLs and HTML do it, and everything that is
 * blank, invisible or not ASCII. No token has any of it, and sanitising removes some of it.
 */
const ODD = /\\u[0-9a-f]{4}|%[0-9a-f]{2}|&#x[0-9a-f]{1,4};|&#\d{1,5};|\\\\|\\["/]|\\[bfnrt]?|[^\u0021-\u007e]+/gi;
/** The same, and whole escape sequences of a terminal (ECMA-48, CSI), whose last character may also be the first of a token. */
const ODD_OR_COLOUR = new RegExp(String.raw`(?:\u001b|\\u001b)\[[0-?]*[ -/]*[@-[\]-~]|${ODD.source}`, ODD.flags);
/** The beginning of something {@link ODD} that its text was cut in. */
const CUT_ODD = /(?:%[0-9a-f]?|\\(?:u[0-9a-f]{0,3})?|&#?x?[0-9a-f]{0,5})$/i;

/** The code of the character that something odd is escaped as; 0 where it is none. Of megabytes that are odd, each is looked at. */
const codeOf = (odd: string): number => {
  switch (odd[0]) {
    case '%':
      return Number.parseInt(odd.slice(1), 16);
    case '&':
      return odd[2] === 'x' || odd[2] === 'X' ? Number.parseInt(odd.slice(3), 16) : Number.parseInt(odd.slice(2), 10);
    case '\\':
      if (odd === '\\"' || odd === '\\/') return odd.charCodeAt(1);
      return odd.length === '\\u0000'.length ? Number.parseInt(odd.slice(2), 16) : 0;
    default:
      return 0;
  }
};

/** The letter that something odd stands for; none where sanitising leaves nothing of it. */
const letterOf = (odd: string): string => {
  const code = codeOf(odd);
  return code > 0x20 && code < 0x7f && code !== 0x5c ? String.fromCharCode(code).toLowerCase() : '';
};

/** The visible letters of a text, however they are written and whatever stands between them. */
const lettersOf = (text: string, odd: RegExp): string => text.replaceAll(odd, (found) => letterOf(found)).toLowerCase();

interface Range {
  readonly begin: number;
  readonly end: number;
}

/** Where each letter of {@link lettersOf} stands in its text. */
const placesOf = (text: string, odd: RegExp): Range[] => {
  const places: Range[] = [];
  let position = 0;
  const plainUntil = (end: number): void => {
    for (; position < end; position += 1) places.push({ begin: position, end: position + 1 });
  };
  for (const { 0: found, index } of text.matchAll(odd)) {
    plainUntil(index);
    position = index + found.length;
    if (letterOf(found) !== '') places.push({ begin: index, end: position });
  }
  plainUntil(text.length);
  return places;
};

const rangesOf = (letters: string, reading: string): Range[] => {
  const found: Range[] = [];
  for (let at = letters.indexOf(reading); at !== -1; at = letters.indexOf(reading, at + reading.length))
    found.push({ begin: at, end: at + reading.length });
  return found;
};

/** Fewer letters at the end of a cut text tell nothing. */
const FEWEST = 4;

/** What a secret begins with, at the end of a cut text. */
const begunAtEnd = (letters: string, reading: string): Range[] => {
  for (let length = Math.min(letters.length, reading.length - 1); length >= FEWEST; length -= 1)
    if (letters.endsWith(reading.slice(0, length))) return [{ begin: letters.length - length, end: letters.length }];
  return [];
};

/** Ranges in the order of their beginnings, those that overlap as one. */
const merged = (ranges: readonly Range[]): Range[] => {
  const all: Range[] = [];
  for (const range of ranges.toSorted((a, b) => a.begin - b.begin)) {
    const last = all.at(-1);
    if (last === undefined || range.begin >= last.end) all.push(range);
    else all[all.length - 1] = { begin: last.begin, end: Math.max(last.end, range.end) };
  }
  return all;
};

/** How secrets read in {@link lettersOf}; also where they look escaped and are not. */
const readingsOf = (secrets: readonly Secret[]): string[] => {
  const texts = secrets.map((secret) => secret.reveal());
  const found = texts.flatMap((text) => [lettersOf(text, ODD), text.replaceAll(/[^!-[\]-~]/g, '').toLowerCase()]);
  return [...new Set(found)].filter(({ length }) => length >= SHORTEST);
};

/** Hides secrets by their readings, wherever and however their letters are written. */
const hideReadings = (text: string, odd: RegExp, readings: readonly string[], isCut: boolean): string => {
  const letters = lettersOf(text, odd);
  const found = merged(readings.flatMap((reading) => [...rangesOf(letters, reading), ...(isCut ? begunAtEnd(letters, reading) : [])]));
  if (found.length === 0) return text;
  const places = placesOf(text, odd);
  let clean = '';
  let position = 0;
  for (const { begin, end } of found) {
    clean += `${text.slice(position, places[begin]?.begin)}${HIDDEN}`;
    position = places[end - 1]?.end ?? text.length;
  }
  return `${clean}${text.slice(position)}`;
};

/** Not visible and not blank: what may stand in a word without being seen. */
const UNSEEN = String.raw`[^\s\u0021-\u007e]*`;
const ANY_HUB_TOKEN = new RegExp(`h${UNSEEN}f${UNSEEN}_(?:${UNSEEN}[A-Za-z0-9]){16,}`, 'g');
/** JSON Web Tokens (RFC 7519), as Temporal's API keys are. */
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
 * Takes secrets out of a text. The text must be raw: one that was cut or folded before may hold most of a token.
 *
 * @param end `cut` where the text goes on behind its end: what may be the beginning of a secret there is hidden too
 */
export type Redact = (text: string, end?: 'whole' | 'cut') => string;

/** Makes a {@link Redact} for these secrets, and for all that has the shape of a token or is a password in an address. */
export const redactor = (secrets: readonly Secret[]): Redact => {
  const readings = readingsOf(secrets);
  const exact = secrets.map((secret) => secret.reveal()).filter((text) => text.length >= SHORTEST && !/["\\]/.test(text));
  // Those with a quote or a backslash read otherwise in JSON, and are found by their letters. The longest first: one may begin another.
  exact.sort((a, b) => b.length - a.length);
  return (text, end = 'whole') => {
    const isCut = end === 'cut';
    const plain = exact.reduce((clean, secret) => clean.replaceAll(secret, HIDDEN), isCut ? text.replace(CUT_ODD, '') : text);
    return hideShapes([ODD_OR_COLOUR, ODD].reduce((clean, odd) => hideReadings(clean, odd, readings, isCut), plain));
  };
};

/** Whether a text holds one of these secrets, in whatever writing. */
export const holdsSecret = (secrets: readonly Secret[], text: string): boolean => {
  const readings = readingsOf(secrets);
  const ways = /\u001b|\\u001b/i.test(text) ? [ODD_OR_COLOUR, ODD] : [ODD];
  return ways.some((odd) => {
    const letters = lettersOf(text, odd);
    return readings.some((reading) => letters.includes(reading));
  });
};
