import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { SwpError } from '../../../core/error.js';
import { redactor } from '../../../core/redact.js';
import { Secret } from '../../../core/secret.js';
import { fieldsOf, forward, makeLogger } from '../../../worker/logging.js';
import { secretsIn } from '../../../settings/secrets.js';
import { temporalSecretsIn } from '../../../temporal/profile.js';

const TOKEN = 'hf_abcdefghijklmnopqrst';
const ODD = 'odd"token\\with/quotes';

const logging = (secrets: readonly string[]) => {
  const lines: string[] = [];
  return {
    lines,
    logger: makeLogger('control', 'debug', redactor(secrets.map((secret) => new Secret(secret))), {
      write: (line) => void lines.push(line),
    }),
  };
};

describe('a log line', () => {
  it.each([
    ['the message', (logger: ReturnType<typeof makeLogger>) => logger.error(`refused Bearer ${TOKEN}`)],
    ['a field', (logger: ReturnType<typeof makeLogger>) => logger.error({ reason: `with ${TOKEN}` }, 'refused')],
    [
      'an error with its stack and cause',
      (logger: ReturnType<typeof makeLogger>) =>
        logger.error({ err: new SwpError('access', 'x/y', `no ${TOKEN}`, { cause: new Error(TOKEN), hint: TOKEN }) }),
    ],
    [
      'a nested field',
      (logger: ReturnType<typeof makeLogger>) => logger.warn({ reason: { headers: [{ authorization: `Bearer ${TOKEN}` }] } }, 'answer'),
    ],
    ['an address', (logger: ReturnType<typeof makeLogger>) => logger.warn(`GET https://hub/x?token=${encodeURIComponent(TOKEN)}`)],
  ])('has no token in %s', (_where, log) => {
    const { lines, logger } = logging([TOKEN]);
    log(logger);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('[secret]');
    expect(lines[0]).not.toContain(TOKEN);
  });

  it.each([ODD, 'a+b/c=d&e%20'])('hides the token %j, which JSON or a URL escapes', (secret) => {
    const { lines, logger } = logging([secret]);
    logger.error({ reason: { said: secret, url: `https://x/?t=${encodeURIComponent(secret)}` } }, secret);
    const line = JSON.parse(lines[0]!) as { msg: string; reason: { said: string; url: string } };
    expect([line.msg, line.reason.said, line.reason.url]).toEqual(['[secret]', '[secret]', 'https://x/?t=[secret]']);
  });

  it('hides unknown tokens too', () => {
    const { lines, logger } = logging([]);
    logger.error('the Hub said: hf_ZYXWVUTSRQPONMLKJIHG is expired, Bearer eyJhbGciOi.payload is not');
    expect(lines[0]).not.toMatch(/hf_ZY|eyJ/);
  });

  it('is valid JSON', () => {
    const { lines, logger } = logging([ODD, TOKEN]);
    logger.info({ entry: 'acme/x' }, 'uploadArtifact begins');
    expect(JSON.parse(lines[0]!)).toMatchObject({ name: 'swp-control', level: 'info', entry: 'acme/x', msg: 'uploadArtifact begins' });
  });
});

describe('the secrets of a worker', () => {
  const secretsOf = (env: NodeJS.ProcessEnv) => [...secretsIn(env), ...temporalSecretsIn(env)].map((secret) => secret.reveal());

  it('are the tokens of the Hub, the webhook and the credentials for Temporal', () => {
    const secrets = secretsOf({
      HF_TOKEN: TOKEN,
      SWP_SOURCE_TOKEN: 'hf_source',
      SWP_WEBHOOK: 'https://hooks.example/T0',
      TEMPORAL_ADDRESS: 'cloud.example:7233',
      TEMPORAL_NAMESPACE: 'acme',
      TEMPORAL_API_KEY: 'temporal-key',
      TEMPORAL_GRPC_META_AUTHORIZATION: 'Basic c2VjcmV0',
      TEMPORAL_GRPC_META_TEAM: 'weights-team',
      HOME: '/nonexistent',
    });
    expect(new Set(secrets)).toEqual(new Set(['Basic c2VjcmV0', TOKEN, 'hf_source', 'https://hooks.example/T0', 'temporal-key']));
  });

  it('are found even if other settings are invalid', () => {
    const unreadable = { HF_ENDPOINT: 'no address', TEMPORAL_PROFILE: 'none', HOME: '/nonexistent' };
    expect(secretsOf({ ...unreadable, HF_TOKEN: TOKEN, TEMPORAL_API_KEY: 'temporal-key' })).toEqual([TOKEN, 'temporal-key']);
  });

  it('include the token in the file of the hf CLI even if HF_TOKEN differs', async () => {
    const home = await mkdtemp(join(tmpdir(), 'swp-hf-'));
    await writeFile(join(home, 'token'), 'hf_stored\n');
    expect(secretsOf({ HF_HOME: home, HF_TOKEN: TOKEN })).toEqual([TOKEN, 'hf_stored']);
    await rm(home, { recursive: true });
  });
});

describe('a log line from the core of the SDK', () => {
  const logged = (...times: number[]) => {
    const { lines, logger } = logging([]);
    const forwardEntry = forward(logger);
    for (const time of times)
      forwardEntry({
        level: 'WARN',
        message: `gRPC call retried ${time} times`,
        meta: { sdkComponent: 'core', target: 'temporalio_client::retry', error: 'refused' },
      });
    return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  };

  it('is logged once while it repeats', () => {
    expect(logged(5, 6, 7)).toHaveLength(1);
  });

  it('omits its target, which is not a repository', () => {
    expect(logged(5)[0]).toMatchObject({ level: 'warn', error: 'refused' });
    expect(logged(5)[0]).not.toHaveProperty('target');
  });
});

describe('the fields of a line from the SDK', () => {
  it('have their documented names, without the internal fields of the SDK', () => {
    expect(
      fieldsOf({
        workflowId: 'target/a/b',
        workflowRunId: 'r',
        activityType: 'uploadArtifact',
        attempt: 2,
        taskToken: 'x',
        isLocal: false,
        host: undefined,
      }),
    ).toEqual({ workflow: 'target/a/b', run: 'r', step: 'uploadArtifact', attempt: 2 });
  });

  it('include the causes of an error', () => {
    expect(fieldsOf({ error: new Error('failed', { cause: new Error('disk') }) })).toEqual({ error: 'failed: disk' });
  });
});
