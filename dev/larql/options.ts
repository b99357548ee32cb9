import { UsageError } from './failure.js';

/** Syntax of a command for larql's argument parser (clap). */
export interface CommandSyntax {
  readonly command: string;
  /** Required arguments of a command line, as usage lines show them. */
  readonly required: string;
  readonly positional: string;
  readonly flags: readonly string[];
  /** Name of an option → name of its value; `*` after the value marks a required option. */
  readonly values: Readonly<Record<string, string>>;
  readonly short: Readonly<Record<string, string>>;
}

export interface Options {
  readonly positional: string | undefined;
  readonly flags: ReadonlySet<string>;
  readonly values: ReadonlyMap<string, string>;
}

/** Returns an error in clap's format, with its closing lines. */
export const usageError = (message: string, usage?: string): UsageError =>
  new UsageError(`error: ${message}${usage === undefined ? '' : `\n\nUsage: ${usage}`}\n\nFor more information, try '--help'.`);

const REQUIRED = '*';

/** @throws UsageError */
export const parseOptions = (args: readonly string[], syntax: CommandSyntax): Options => {
  const { flags, values, short } = syntax;
  const whole = `${syntax.command} [OPTIONS] ${syntax.required}`;
  const found = { flags: new Set<string>(), values: new Map<string, string>(), positional: undefined as string | undefined };
  /** Returns the usage for an error: an optional positional that was given appears as a required one. */
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
