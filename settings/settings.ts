import { z } from 'zod';
import type { HostLarqlSettings } from '../publish/facts/host-larql.js';
import { SwpError } from '../core/error.js';
import { parseOrFaults, wholeNumber } from '../core/faults.js';
import { Secret } from '../core/secret.js';
import type { ApprovalPolicy } from '../plan/approval.js';
import { defaultsFor } from './known-settings.js';
import { MetricsAddress } from './metrics-address.js';

const HOUR = 3_600_000;

const list = z.string().transform((text) =>
  text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== ''),
);

const UNITS = new Map([
  ['k', 1e3],
  ['m', 1e6],
  ['g', 1e9],
]);

/**
 * Parses bytes per second, such as `800k`, `50M` or `1.5G`: the syntax of curl's `--limit-rate` in either case, in
 * powers of ten.
 */
const ByteRate = z
  .string()
  .regex(/^\d{1,12}(?:\.\d{1,3})?[kmg]?$/i, 'must be bytes per second, such as 800k, 50M or 1.5G')
  .transform((text) => {
    const unit = UNITS.get(text.slice(-1).toLowerCase());
    return Math.floor(unit === undefined ? Number(text) : Number(text.slice(0, -1)) * unit);
  })
  .refine((rate) => rate >= 1000, 'must be at least 1k');

const HOURS = new Map([
  ['h', 1],
  ['d', 24],
]);

/** Parses the retention time of unused shared inputs, such as `12h` or `7d`. */
const Keep = z
  .string()
  .regex(/^\d{1,4}[hd]$/, 'must be hours or days, such as 12h or 7d')
  .transform((text) => Number(text.slice(0, -1)) * (HOURS.get(text.slice(-1)) ?? 1) * HOUR);

const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);

/** Requires https over the network: everyone who knows the URL can post to it. */
const WebhookUrl = z
  .string()
  .refine((text) => {
    if (!URL.canParse(text)) return false;
    const { protocol, hostname } = new URL(text);
    return protocol === 'https:' || (protocol === 'http:' && LOOPBACK.has(hostname));
  }, 'must begin with https://')
  .refine((text) => {
    if (!URL.canParse(text)) return true;
    const { username, password } = new URL(text);
    return username === '' && password === '';
  }, 'must not contain a user name or a password');

const FACTOR = 'must be a factor from 0 to 1000000, such as 1.5';

/** Log levels, the most verbose first. */
const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;

const LONGEST_HOURS = 24 * 365;
const HOURS_FORM = `must be hours, more than 0 and at most ${LONGEST_HOURS}`;

/** The environment variables of a worker. The Hub's tokens and endpoint are read separately, by the Hub's own rules. */
const Settings = z.object({
  SWP_SCRATCH: z.string().min(1),
  SWP_TARGETS: list
    .pipe(z.array(z.string().regex(/^[A-Za-z0-9][\w.-]*$/, 'must be a namespace of the Hub')).min(1, 'must name at least one namespace'))
    .optional(),
  SWP_SOURCE_TOKEN: z
    .string()
    .trim()
    .regex(/^[\x21-\x7e]+$/, 'must contain only visible ASCII characters, without spaces')
    .optional(),
  SWP_SLOTS: wholeNumber(1, 16),
  SWP_DECISION_HOURS: z.coerce.number(HOURS_FORM).positive(HOURS_FORM).max(LONGEST_HOURS, HOURS_FORM),
  SWP_APPROVALS_SELF: z.enum(['allow', 'deny'], 'must be allow or deny'),
  SWP_APPROVALS_REQUIRED: wholeNumber(1, 20),
  SWP_PROVE_SHARDS: z.coerce.number(FACTOR).min(0, FACTOR).max(1e6, FACTOR),
  SWP_CATALOG: z.string().min(1).optional(),
  SWP_PUBLISHERS: list
    .pipe(z.array(z.string().regex(/^[A-Za-z0-9][\w.-]*$/, 'must be accounts of the Hub')).min(1, 'must name at least one account'))
    .optional(),
  SWP_LIMIT_RATE: ByteRate.optional(),
  SWP_KEEP: Keep,
  SWP_LARQL_BLOCKS: z.enum(['early', 'ggml'], 'must be early or ggml').optional(),
  SWP_LARQL_STAND_IN: z.literal('allow', 'must be allow, and only in tests').optional(),
  SWP_WEBHOOK: WebhookUrl.optional(),
  SWP_TASK_QUEUE: z.string().min(1),
  SWP_METRICS: MetricsAddress.optional(),
  SWP_LOG_LEVEL: z.enum(LOG_LEVELS, `must be one of ${LOG_LEVELS.join(', ')}`),
});

/** The names of all these settings. */
export const SETTINGS: readonly string[] = Object.keys(Settings.shape);

export interface WorkerSettings {
  /** The directory of this host's builds, claims and identity. */
  readonly scratch: string;
  /** The only namespaces that this worker may write to; null for every namespace that the token allows. */
  readonly targets: readonly string[] | null;
  readonly sourceToken: Secret | null;
  readonly slots: number;
  readonly decideWithinMs: number;
  readonly approvals: ApprovalPolicy;
  /** Maximum size of the whole shards that prove a source, as a multiple of the bytes needed from the source. */
  readonly proveShards: number;
  /** The `skulk-weights.yaml` for re-validation and campaigns; null for the one in the worker's directory or above. */
  readonly catalogFile: string | null;
  /** The Hub accounts that publish; null if any account may commit. */
  readonly publishers: readonly string[] | null;
  /** The rate that all uploads of this worker share, in bytes per second; null for no limit. */
  readonly uploadRate: number | null;
  /** The retention time of an unused staged source or extraction, in milliseconds. */
  readonly keepMs: number;
  readonly larql: HostLarqlSettings;
  readonly taskQueue: string;
  /** The URL that receives notifications; null for none. */
  readonly webhook: Secret | null;
}

/** Settings of the process that a worker runs in. */
export interface ProcessSettings extends WorkerSettings {
  /** The `address:port` where metrics are served; null if they are not served. */
  readonly metrics: string | null;
  readonly logLevel: (typeof LOG_LEVELS)[number];
}

/** @throws SwpError `worker/settings` with every invalid setting */
export const readSettings = (env: NodeJS.ProcessEnv): ProcessSettings => {
  const variables = Object.fromEntries(Object.entries(env).filter(([name, value]) => name.startsWith('SWP_') && (value ?? '') !== ''));
  const parsed = parseOrFaults(Settings, { ...defaultsFor(env), ...variables });
  if ('faults' in parsed) {
    const faults = parsed.faults.map(({ path: [name = ''], message }) => `${name}: ${message}`);
    throw new SwpError('invalid', 'worker/settings', `These settings cannot be used: ${faults.join('; ')}.`, {
      hint: '`swp config show` lists where each value comes from; the README describes them.',
    });
  }
  const { data } = parsed;
  return {
    scratch: data.SWP_SCRATCH,
    targets: data.SWP_TARGETS ?? null,
    sourceToken: data.SWP_SOURCE_TOKEN === undefined ? null : new Secret(data.SWP_SOURCE_TOKEN),
    slots: data.SWP_SLOTS,
    decideWithinMs: data.SWP_DECISION_HOURS * HOUR,
    approvals: { self: data.SWP_APPROVALS_SELF, required: data.SWP_APPROVALS_REQUIRED },
    proveShards: data.SWP_PROVE_SHARDS,
    catalogFile: data.SWP_CATALOG ?? null,
    publishers: data.SWP_PUBLISHERS ?? null,
    uploadRate: data.SWP_LIMIT_RATE ?? null,
    keepMs: data.SWP_KEEP,
    larql: { fleetBlocks: data.SWP_LARQL_BLOCKS ?? null, allowStandIn: data.SWP_LARQL_STAND_IN === 'allow' },
    taskQueue: data.SWP_TASK_QUEUE,
    webhook: data.SWP_WEBHOOK === undefined ? null : new Secret(data.SWP_WEBHOOK),
    metrics: data.SWP_METRICS ?? null,
    logLevel: data.SWP_LOG_LEVEL,
  };
};
