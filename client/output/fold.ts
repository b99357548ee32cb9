import { stripVTControlCharacters } from 'node:util';
import stringWidth from 'fast-string-width';
import { wrapAnsi } from 'fast-wrap-ansi';

/** A line that is a command, indented below the sentence that it belongs to. */
const COMMAND_LINE = /^\s+(?:swp|npx|cd|hf|temporal|tcld|\.) /;
/** Commands inside a sentence: between backticks, or up to the next comma. */
const COMMANDS = /`[^`]+`|(?:cd \S+ && |npx )?\bswp [a-z][^,;`]*/g;
const BEFORE_UNIT = /(?<=\d) (?=(?:[kMGTP]?B|s|min|h)\b)/g;
/** A no-break space: as wide as a space, but never the end of a line. */
const UNBROKEN = '\u00a0';

/** Hanging indent of lines whose aligned columns leave too little width. */
const STEP = 2;

/** Returns the string index of a terminal column in a painted line. */
const placeOf = (line: string, columns: number): number => {
  let place = 0;
  let width = 0;
  for (const [token] of line.matchAll(/\u001b\[[0-9;]*m|./gsu)) {
    if (width >= columns) break;
    width += stringWidth(token);
    place += token.length;
  }
  return place;
};

/** Replaces the spaces of commands, and those before units, so that no line ends there. */
const glue = (line: string): string =>
  line.replaceAll(COMMANDS, (command) => command.replaceAll(' ', UNBROKEN)).replaceAll(BEFORE_UNIT, UNBROKEN);

/** Returns the terminal columns at which the texts of a line begin: its indent first, then each aligned column. */
const beginsOf = (plain: string): number[] =>
  [...plain.matchAll(/(?:^ *| {2,})(?=\S)/g)].map(({ index, 0: gap }) => stringWidth(plain.slice(0, index)) + gap.length);

const foldLine = (line: string, columns: number): string => {
  if (stringWidth(line) <= columns) return line;
  const glued = glue(line);
  const plain = stripVTControlCharacters(glued);
  if (COMMAND_LINE.test(stripVTControlCharacters(line))) return line;
  const begins = beginsOf(plain);
  const [indent = 0] = begins;
  const fits = (begin: number): boolean =>
    begin <= columns / 2 &&
    plain
      .slice(placeOf(plain, begin))
      .split(' ')
      .every((word) => begin + stringWidth(word) <= columns);
  const column = begins.findLast(fits);
  const isLabelled = begins.length > 1 && column === indent;
  const hang = column === undefined || isLabelled ? indent + STEP : column;
  const place = placeOf(glued, column ?? indent);
  const lines = wrapAnsi(glued.slice(place), columns - hang).split('\n');
  return (glued.slice(0, place) + lines.join(`\n${' '.repeat(hang)}`)).replaceAll(UNBROKEN, ' ');
};

/**
 * Wraps lines that are wider than the terminal between words, and indents the rest to the beginning of their text. Commands
 * and digests stay whole, so that they can be copied; the terminal itself breaks those that are too wide.
 */
export const fold = (text: string, columns: number | undefined): string =>
  columns === undefined
    ? text
    : text
        .split('\n')
        .map((line) => foldLine(line, columns))
        .join('\n');
