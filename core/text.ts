/** Byte counts as people read them: 1,000 to the step, three significant digits. */
export const formatBytes = (bytes: number): string => {
  const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 ? value : value.toPrecision(3)} ${units[unit]}`;
};

/** `1 h 5 min`, `3 min 20 s`, `45 s`: two units at most, as people say it. */
export const formatSeconds = (seconds: number): string => {
  const whole = Math.ceil(seconds);
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60), whole % 60];
  if (hours > 0) return minutes === 0 ? `${hours} h` : `${hours} h ${minutes} min`;
  if (minutes > 0) return rest === 0 ? `${minutes} min` : `${minutes} min ${rest} s`;
  return `${rest} s`;
};

/** `1 tensor`, `2 tensors`: the count with its noun. */
export const plural = (count: number, noun: string, nouns = `${noun}s`): string =>
  `${count.toLocaleString('en-US')} ${count === 1 ? noun : nouns}`;

/** With a capital at its beginning, as sentences have. */
export const capitalize = (text: string): string => `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;

/** Order of UTF-8 bytes, which git, the Hub and safetensors use; JavaScript's own order is by UTF-16 unit. */
export const compareBytes = (a: string, b: string): number => {
  const left = Array.from(a);
  const right = Array.from(b);
  for (let at = 0; at < Math.min(left.length, right.length); at += 1) {
    const difference = (left[at]?.codePointAt(0) ?? 0) - (right[at]?.codePointAt(0) ?? 0);
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
};

/**
 * Text from outside (a server's words, a file name, a note) as one bounded line: control characters and
 * direction marks become spaces, so that it can neither move a cursor nor reorder what is read. Half
 * characters (lone surrogates) are replaced: canonical JSON has no place for them.
 */
export const sanitizeLine = (text: string, max = 300): string => {
  const plain = text
    .replace(/[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]+/g, ' ')
    .trim()
    .toWellFormed();
  return plain.length <= max ? plain : `${plain.slice(0, max - 1).toWellFormed()}…`;
};

/** A text of at most so many characters: its beginning, and the third of the room that shows its end. */
export const cutMiddle = (text: string, max: number): string => {
  const end = Math.floor((max - 1) / 3);
  const cut = text.length <= max ? text : `${text.slice(0, max - 1 - end)}…${text.slice(text.length - end)}`;
  return cut.toWellFormed();
};

/** Names of a list that messages show before they count the rest. */
const SHOWN = 5;

/** The first few names of a list that may be very long. */
export const truncateList = (names: readonly string[]): string => {
  const shown = names
    .slice(0, SHOWN)
    .map((name) => sanitizeLine(name, 240))
    .join(', ');
  return names.length > SHOWN ? `${shown} and ${names.length - SHOWN} more` : shown;
};
