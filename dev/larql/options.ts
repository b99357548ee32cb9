import { UsageError } from './failure.js';

/** What a command takes, in the way of larql's argument parser (clap). */
export interface CommandSyntax {
  readonly command: string;
  /** What a command line must have, as usage lines show it. */
  readonly required: string;
  readonly positional: string;
  readonly flags: readonly string[];
  /** Name of an option and of its value; `*` behind the value marks a required one. */
  readonly values: Readonly<Record<string, string>>;
  readonly short: Readonly<Record<string, string>>;
}

export interface Options {
  readonly positional: string | undefined;
  readonly flags: ReadonlySet<string>;
  readonly values: ReadonlyMap<string, string>;
}

/** An error in clap's words, with its last lines. */
export const usageError = (message: string, usage?: string): UsageError =>
  new UsageError(`error: ${message}${usage === undefined ? '' : `\n\nUsage: ${usage}`}\n\nFor more information, try '--help'.`);

const REQUIRED = '*';

/** @throws UsageError */
export const parseOptions = (args: readonly string[], syntax: CommandSyntax): Options => {
  const { flags, values, short } = syntax;
  const whole = `${syntax.command} [OPTIONS] ${syntax.required}`;
  const found = { flags: new Set<string>(), values: new Map<string, string>(), positional: undefined as string | undefined };
  /** What an error shows of the usage: an optional positional that was given looks like a required one. */
  const used = (): string => {
    const required = found.positional === undefined ? syntax.required : syntax.required.replace(/\[(\w+)\]/, '<$1>');
    return `${syntax.command} ${required}`;
  };
  const rest = [...args];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    const [written = '', attached] = word.startsWith('--') ? word.split(/=(.*)/s, 2) : [word];
    const name = short[written] ?? written;
    if (flags.includes(name)) found.flags.add(name);
    else if (name in values) {
      const value = attached ?? rest.shift();
      const shown = `${name} <${(values[name] ?? '').replace(REQUIRED, '')}>`;
      if (value === undefined) throw usageError(`a value is required for '${shown}' but none was supplied`);
      if (found.values.has(name)) throw usageError(`the argument '${shown}' cannot be used multiple times`, whole);
      found.values.set(name, value);
    } else if (word.startsWith('-') && word.length > 1) {
      const tip = `\n\n  tip: to pass '${written}' as a value, use '-- ${written}'`;
      throw usageError(`unexpected argument '${written}' found${tip}`, word.startsWith('--') ? used() : whole);
    } else if (found.positional === undefined) found.positional = word;
    else throw usageError(`unexpected argument '${word}' found`, whole);
  }
  const missing = Object.entries(values).filter(([name, value]) => value.endsWith(REQUIRED) && !found.values.has(name));
  const lines = missing.map(([name, value]) => `  ${name} <${value.replace(REQUIRED, '')}>`);
  if (syntax.positional.startsWith('<') && found.positional === undefined) lines.push(`  ${syntax.positional}`);
  if (lines.length > 0) throw usageError(`the following required arguments were not provided:\n${lines.join('\n')}`, used());
  return found;
};
