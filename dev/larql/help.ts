import { EXTRACT } from './extract-options.js';
import { STAND_IN_MARKER } from '../../larql/stand-in.js';
import type { CommandSyntax } from './options.js';
import { PUBLISH } from './publish.js';
import { SLICE } from './slice.js';

export const VERSION = 'larql 0.1.0';

const COMMANDS: Readonly<Record<string, CommandSyntax>> = { extract: EXTRACT, 'extract-index': EXTRACT, slice: SLICE, publish: PUBLISH };

/** What a command takes: larql's usage and options without its explanations, and the marker at the end. */
export const commandHelp = (command: string): string | null => {
  const syntax = COMMANDS[command];
  if (syntax === undefined) return null;
  const letter = (option: string): string => Object.entries(syntax.short).find(([, long]) => long === option)?.[0] ?? '';
  const lead = (option: string): string => (letter(option) === '' ? '      ' : `  ${letter(option)}, `);
  return [
    `Usage: ${syntax.usage.replace(/ --output.*| --repo.*/, ` [OPTIONS]${/ --(output|repo) .*/.exec(syntax.usage)?.[0] ?? ''}`)}`,
    '\nArguments:',
    `  ${syntax.positional}`,
    '\nOptions:',
    ...Object.entries(syntax.values).map(([option, value]) => `${lead(option)}${option} <${value.replace('*', '')}>`),
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
