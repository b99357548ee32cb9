import { hubConfigFromEnv, secretsOf } from '../../hub/config.js';
import { readTemporalConfig } from '../temporal-config.js';

/** Tokens of the Hub and bearer tokens, whoever they are from: somebody else's may stand in an answer. */
const ANY_TOKEN = /\bhf_[A-Za-z0-9]{16,}|\b(Bearer\s+)[\w.~+/=-]{8,}/g;
const HIDDEN = '[secret]';
/** Headers of Temporal's that hold a secret; others are namespaces and the like. */
const SENT_SECRET = /auth|token|key|secret/i;
/** Shorter ones are no tokens, and hiding them would garble every line. */
const SHORTEST = 6;

/** What a secret looks like in a line: as it is, inside JSON, and inside a URL. */
const formsOf = (secret: string): string[] => [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret)];

/** @returns a text without the secrets, and without anything else that looks like a token */
export const redactor = (secrets: readonly string[]): ((text: string) => string) => {
  // The longest first: one may be the beginning of another.
  const forms = [...new Set(secrets.filter(({ length }) => length >= SHORTEST).flatMap(formsOf))].toSorted((a, b) => b.length - a.length);
  return (text) =>
    forms.reduce((clean, form) => clean.replaceAll(form, HIDDEN), text).replaceAll(ANY_TOKEN, (_, bearer = '') => `${bearer}${HIDDEN}`);
};

const orNone = (read: () => readonly string[]): readonly string[] => {
  try {
    return read();
  } catch {
    // Settings that cannot be read are told by who needs them; what cannot be read is used nowhere.
    return [];
  }
};

/** Named in the environment; whatever else is wrong there, these are not for a log. */
const NAMED = ['HF_TOKEN', 'HUGGING_FACE_HUB_TOKEN', 'SWP_SOURCE_TOKEN', 'SWP_WEBHOOK', 'TEMPORAL_API_KEY'];

/** Every secret that a worker with this environment holds: the Hub's tokens, Temporal's key, and what it sends along. */
export const secretsIn = (env: NodeJS.ProcessEnv): readonly string[] => {
  const secrets = [
    ...NAMED.flatMap((name) => env[name]?.trim() ?? []),
    ...orNone(() => secretsOf(hubConfigFromEnv(env))),
    ...orNone(() => {
      const { apiKey, metadata } = readTemporalConfig(env).connectionOptions;
      const sent = Object.entries(metadata ?? {}).flatMap(([name, value]) => (SENT_SECRET.test(name) ? [String(value)] : []));
      return [...(apiKey === undefined ? [] : [apiKey]), ...sent];
    }),
  ];
  return [...new Set(secrets)];
};
