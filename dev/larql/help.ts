import type { Behaviour } from './behaviour.js';
import { EXTRACT, quantWords } from './extract-options.js';
import { STAND_IN_MARKER } from '../../larql/stand-in.js';
import type { CommandSyntax } from './options.js';
import { PUBLISH } from './publish.js';
import { SLICE } from './slice.js';
import { presetWords } from './slice-parts.js';

export const VERSION = 'larql 0.1.0';

const COMMANDS: Readonly<Record<string, CommandSyntax>> = { extract: EXTRACT, 'extract-index': EXTRACT, slice: SLICE, publish: PUBLISH };

/** Returns the help of a command: larql's usage and options without its explanations, and the stand-in marker at the end. */
export const commandHelp = (command: string, behaviour: Behaviour): string | null => {
  const syntax = COMMANDS[command];
  if (syntax === undefined) return null;
  const words: Readonly<Record<string, string[]>> = { '--quant': quantWords(behaviour), '--preset': presetWords(behaviour) };
  const letter = (option: string): string => Object.entries(syntax.short).find(([, long]) => long === option)?.[0] ?? '';
  const lead = (option: string): string => (letter(option) === '' ? '      ' : `  ${letter(option)}, `);
  return [
    `Usage: ${syntax.command} [OPTIONS] ${syntax.required}`,
    '\nArguments:',
    `  ${syntax.positional}`,
    '\nOptions:',
    ...Object.entries(syntax.values).map(([option, value]) =>
      `${lead(option)}${option} <${value.replace('*', '')}>  ${words[option]?.join(', ') ?? ''}`.trimEnd(),
    ),
    ...syntax.flags.map((option) => `${lead(option)}${option}`),
    '  -h, --help',
    `\n${STAND_IN_MARKER}`,
  ].join('\n');
};

export const PROGRAM_HELP = [
  'LARQL — decompile transformer weights into a queryable vindex',
  '\nUsage: larql <COMMAND>',
  '\nCommands:',
  ...Object.keys(COMMANDS).map((command) => `  ${command}`),
  `\n${STAND_IN_MARKER}`,
].join('\n');
