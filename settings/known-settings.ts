import { homedir } from 'node:os';
import { join } from 'node:path';

/** A setting that `swp.toml` may hold: its environment variable, and its default as text. */
interface KnownSetting {
  readonly name: string;
  readonly default: string | null | ((env: NodeJS.ProcessEnv) => string);
}

const setting = (name: string, text: KnownSetting['default'] = null): KnownSetting => ({ name, default: text });

const defaultScratch = (env: NodeJS.ProcessEnv): string =>
  join(env['XDG_CACHE_HOME'] ?? join(env['HOME'] ?? homedir(), '.cache'), 'swp', 'scratch');

/** Every setting that is not a secret. In `swp.toml`, `SWP_SLOTS` is `slots`. */
export const KNOWN_SETTINGS: readonly KnownSetting[] = [
  setting('SWP_CATALOG'),
  setting('SWP_PUBLISHERS'),
  setting('SWP_NIGHTLY', '30 2 * * *'),
  setting('SWP_WEEKLY', '0 4 * * 6'),
  setting('SWP_SCHEDULE_TIMEZONE', 'UTC'),
  setting('SWP_READ_WEEKS', '8'),
  setting('SWP_SCRATCH', defaultScratch),
  setting('SWP_TARGETS'),
  setting('SWP_SLOTS', '1'),
  setting('SWP_LIMIT_RATE'),
  setting('SWP_LARQL'),
  setting('SWP_LARQL_BLOCKS'),
  setting('SWP_KEEP', '7d'),
  setting('SWP_APPROVALS_SELF', 'allow'),
  setting('SWP_APPROVALS_REQUIRED', '1'),
  setting('SWP_PROVE_SHARDS', '1.5'),
  setting('SWP_DECISION_HOURS', '168'),
  setting('SWP_METRICS'),
  setting('SWP_TASK_QUEUE', 'swp'),
  setting('SWP_LOG_LEVEL', 'info'),
  setting('SWP_TEMPORAL_UI'),
  setting('SWP_TEMPORAL_CLI'),
];

/** Returns the text of every setting that has a default, by the name of its environment variable. */
export const defaultsFor = (env: NodeJS.ProcessEnv): Readonly<Record<string, string>> =>
  Object.fromEntries(
    KNOWN_SETTINGS.flatMap(({ name, default: text }) => (text === null ? [] : [[name, typeof text === 'string' ? text : text(env)]])),
  );

/** Settings that only the environment may hold. */
export const SECRET_SETTINGS: readonly string[] = ['SWP_SOURCE_TOKEN', 'SWP_WEBHOOK'];

/** The key of a setting in `swp.toml`. */
export const keyOf = (name: string): string => name.replace(/^SWP_/, '').toLowerCase();
