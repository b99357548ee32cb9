import { readFile, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { parse, TomlError } from 'smol-toml';
import { z } from 'zod';
import { SwpError } from '../core/error.js';
import { nullIfMissing } from '../core/files.js';
import { nearestName } from '../core/nearest.js';
import { sanitizeLine } from '../core/text.js';
import { defaultsFor, KNOWN_SETTINGS, keyOf, SECRET_SETTINGS } from './known-settings.js';

/** A configuration file that was read. */
export interface ConfigFile {
  readonly path: string;
  /** Its settings as text, by the name of the environment variable. */
  readonly values: Readonly<Record<string, string>>;
}

const MAX_BYTES = 1024 * 1024;

const NAMES = new Map(KNOWN_SETTINGS.map(({ name }) => [keyOf(name), name]));
const SECRETS = new Set(SECRET_SETTINGS.map(keyOf));

const Value = z.union([z.string(), z.number(), z.array(z.string())]);

const fail = (path: string, message: string, cause?: unknown): SwpError =>
  new SwpError('invalid', 'settings/config-file', `${path}: ${message}`, {
    cause,
    hint: '`swp config show` lists every setting; the README explains them.',
  });

const unknownKey = (key: string): string => {
  const near = nearestName(key, NAMES.keys());
  return `unknown setting ${sanitizeLine(key, 80)}${near === undefined ? '' : `; did you mean ${near}?`}`;
};

/** Parses one setting to the text that its environment variable would hold. */
const parseSetting = (path: string, key: string, value: unknown): readonly [string, string] => {
  if (SECRETS.has(key)) throw fail(path, `${key} is a secret: set SWP_${key.toUpperCase()} in the environment.`);
  const name = NAMES.get(key);
  if (name === undefined) throw fail(path, `${unknownKey(key)}.`);
  const parsed = Value.safeParse(value);
  if (!parsed.success) throw fail(path, `${key} must be a text, a number or a list of texts.`);
  return [name, Array.isArray(parsed.data) ? parsed.data.join(',') : String(parsed.data)];
};

const parseToml = (path: string, text: string): Record<string, unknown> => {
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const [reason = ''] = error.message.split('\n');
    throw fail(path, `line ${error.line}, column ${error.column}: ${sanitizeLine(reason, 200)}`, error);
  }
};

const defaultPath = (env: NodeJS.ProcessEnv): string =>
  join(env['XDG_CONFIG_HOME'] ?? join(env['HOME'] ?? homedir(), '.config'), 'swp', 'swp.toml');

/**
 * Reads the file that `SWP_CONFIG` names, else `swp/swp.toml` in the user's configuration directory. It is never looked
 * for in the working directory, since settings name programs that are run.
 *
 * @returns null if `SWP_CONFIG` is not set and there is no such file
 * @throws SwpError `settings/config-file`
 */
export const readConfigFile = async (env: NodeJS.ProcessEnv): Promise<ConfigFile | null> => {
  const named = env['SWP_CONFIG'] ?? '';
  const path = named === '' ? defaultPath(env) : named;
  const found = await nullIfMissing(stat(path));
  if (found === null && named === '') return null;
  if (found === null) throw fail(path, 'file not found. SWP_CONFIG names it.');
  if (!found.isFile()) throw fail(path, 'is not a file.');
  if (found.size > MAX_BYTES) throw fail(path, `has ${found.size} bytes; the maximum is ${MAX_BYTES}.`);
  const values = Object.entries(parseToml(path, await readFile(path, 'utf8'))).map(([key, value]) => parseSetting(path, key, value));
  return { path, values: Object.fromEntries(values) };
};

const isSet = (value: string | undefined): value is string => value !== undefined && value !== '';

/** Adds the settings of a file to an environment. A variable that is set and not empty takes precedence. */
export const withConfigFile = (env: NodeJS.ProcessEnv, file: ConfigFile | null): NodeJS.ProcessEnv =>
  file === null ? env : { ...env, ...Object.fromEntries(Object.entries(file.values).filter(([name]) => !isSet(env[name]))) };

/** A setting with its value and the place that the value comes from. */
export interface SettingOrigin {
  readonly name: string;
  /** Null if the setting has no value, or if it is a secret. */
  readonly value: string | null;
  readonly origin: string;
  readonly isSecret: boolean;
}

/**
 * Lists every setting with the origin of its value: `environment`, the path of the file, `default`, or `unset`.
 *
 * @param env the environment without the settings of the file
 */
export const settingOrigins = (env: NodeJS.ProcessEnv, file: ConfigFile | null): SettingOrigin[] => {
  const defaults = defaultsFor(env);
  const known = KNOWN_SETTINGS.map(({ name }): SettingOrigin => {
    const [own, filed, text = null] = [env[name], file?.values[name], defaults[name]];
    if (isSet(own)) return { name, value: own, origin: 'environment', isSecret: false };
    if (file !== null && filed !== undefined) return { name, value: filed, origin: file.path, isSecret: false };
    return { name, value: text, origin: text === null ? 'unset' : 'default', isSecret: false };
  });
  const secrets = SECRET_SETTINGS.map((name): SettingOrigin => ({
    name,
    value: null,
    origin: isSet(env[name]) ? 'environment' : 'unset',
    isSecret: true,
  }));
  return [...known, ...secrets];
};
