/** Formats a byte count for people: decimal units (factor 1,000), three significant digits. */
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

/** Formats a duration with at most two units: `1 h 5 min`, `3 min 20 s`, `45 s`. */
export const formatSeconds = (seconds: number): string => {
  const whole = Math.ceil(seconds);
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60), whole % 60];
  if (hours > 0) return minutes === 0 ? `${hours} h` : `${hours} h ${minutes} min`;
  if (minutes > 0) return rest === 0 ? `${minutes} min` : `${minutes} min ${rest} s`;
  return `${rest} s`;
};

/** Formats a count with its noun: `1 tensor`, `2 tensors`. */
export const plural = (count: number, noun: string, nouns = `${noun}s`): string =>
  `${count.toLocaleString('en-US')} ${count === 1 ? noun : nouns}`;

export const capitalize = (text: string): string => `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;

/** Compares by UTF-8 bytes, as git, the Hub and safetensors do; JavaScript's own order is by UTF-16 unit. */
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
 * Returns untrusted text (a server's message, a file name, a note) as one bounded line. Control characters and direction
 * marks become spaces, so that the text can neither move the cursor nor reorder the display. Lone surrogates are
 * replaced, because canonical JSON cannot represent them.
 */
export const sanitizeLine = (text: string, max = 300): string => {
  const plain = text
    .replace(/[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]+/g, ' ')
    .trim()
    .toWellFormed();
  return plain.length <= max ? plain : `${plain.slice(0, max - 1).toWellFormed()}…`;
};

/** Shortens a text to at most `max` characters: the end of the text takes a third of them, its beginning the rest. */
export const cutMiddle = (text: string, max: number): string => {
  const end = Math.floor((max - 1) / 3);
  const cut = text.length <= max ? text : `${text.slice(0, max - 1 - end)}…${text.slice(text.length - end)}`;
  return cut.toWellFormed();
};

/** Number of names that a message shows before it counts the rest. */
const SHOWN = 5;

/** Returns the first few names of a possibly very long list. */
export const truncateList = (names: readonly string[]): string => {
  const shown = names
    .slice(0, SHOWN)
    .map((name) => sanitizeLine(name, 240))
    .join(', ');
  return names.length > SHOWN ? `${shown} and ${names.length - SHOWN} more` : shown;
};
