import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { isLoopback } from '../../settings/metrics-address.js';
import { readSettings, SETTINGS } from '../../settings/settings.js';

describe('SWP_APPROVALS_*', () => {
  it('defaults to one approval and allows self-approval', () => {
    expect(readSettings({}).approvals).toEqual({ self: 'allow', required: 1 });
  });

  it('sets the number of approvals and forbids self-approval', () => {
    expect(readSettings({ SWP_APPROVALS_SELF: 'deny', SWP_APPROVALS_REQUIRED: '2' }).approvals).toEqual({ self: 'deny', required: 2 });
  });

  it.each([{ SWP_APPROVALS_SELF: 'no' }, { SWP_APPROVALS_REQUIRED: '0' }, { SWP_APPROVALS_REQUIRED: '1.5' }])('refuses %o', (env) => {
    expect(() => readSettings(env)).toThrow(/SWP_APPROVALS_/);
  });
});

describe('SWP_PROVE_SHARDS', () => {
  it.each([
    [undefined, 1.5],
    ['0', 0],
    ['2.5', 2.5],
  ])('%s is read as a factor of %d', (factor, proveShards) => {
    expect(readSettings({ SWP_PROVE_SHARDS: factor })).toMatchObject({ proveShards });
  });

  it.each(['-1', 'much', '1e9'])('%s is refused with the allowed range', (factor) => {
    expect(() => readSettings({ SWP_PROVE_SHARDS: factor })).toThrow('SWP_PROVE_SHARDS: must be a factor from 0 to 1000000, such as 1.5');
  });
});

describe('SWP_WEBHOOK', () => {
  it.each(['https://hooks.example.org/services/T0/x', 'http://127.0.0.1:8080/hook', 'http://localhost/hook'])('accepts %s', (url) => {
    expect(readSettings({ SWP_WEBHOOK: url }).webhook?.reveal()).toBe(url);
  });

  it.each(['http://hooks.example.org/x', 'ftp://x', 'hooks.example.org', 'https://me:pw@hooks.example.org/x', 'http://pw@localhost'])(
    'refuses %s without repeating it in the error',
    (url) => {
      expect(() => readSettings({ SWP_WEBHOOK: url })).toThrow(/SWP_WEBHOOK/);
      expect(() => readSettings({ SWP_WEBHOOK: url })).not.toThrow(url);
    },
  );
});

describe('SWP_SOURCE_TOKEN', () => {
  it('is hidden from inspect and JSON', () => {
    const settings = readSettings({ SWP_SOURCE_TOKEN: ' hf_source\n' });
    expect(`${inspect(settings, { depth: 9 })}${JSON.stringify(settings)}`).not.toContain('hf_source');
    expect(settings.sourceToken?.reveal()).toBe('hf_source');
  });

  it('refuses an invalid token without repeating it in the error', () => {
    const read = () => readSettings({ SWP_SOURCE_TOKEN: 'two words' });
    expect(read).toThrow(/SWP_SOURCE_TOKEN/);
    expect(read).not.toThrow('two words');
  });
});

describe('SWP_LOG_LEVEL', () => {
  it.each([
    [undefined, 'info'],
    ['', 'info'],
    ['debug', 'debug'],
  ])('%s is read as %s', (level, logLevel) => {
    expect(readSettings({ SWP_LOG_LEVEL: level })).toMatchObject({ logLevel });
  });

  it('refuses an unknown level with the list of levels', () => {
    expect(() => readSettings({ SWP_LOG_LEVEL: 'loud' })).toThrow('SWP_LOG_LEVEL: must be one of debug, info, warn, error');
  });
});

describe('an invalid setting', () => {
  it.each([
    ['SWP_SLOTS', 'many', 'must be a whole number from 1 to 16'],
    ['SWP_SLOTS', '1.5', 'must be a whole number from 1 to 16'],
    ['SWP_SLOTS', '17', 'must be a whole number from 1 to 16'],
    ['SWP_APPROVALS_REQUIRED', '0', 'must be a whole number from 1 to 20'],
    ['SWP_DECISION_HOURS', 'soon', 'must be hours, more than 0 and at most 8760'],
    ['SWP_DECISION_HOURS', '0', 'must be hours, more than 0 and at most 8760'],
  ])('%s=%s is refused with the allowed values', (name, value, message) => {
    expect(() => readSettings({ [name]: value })).toThrow(`These settings cannot be used: ${name}: ${message}.`);
  });

  it('is never refused in the words of the validation library', () => {
    const refusals = SETTINGS.flatMap((name) =>
      ['-1', 'x'.repeat(5_000), '1e99', ',', 'ä'].flatMap((value) => {
        try {
          readSettings({ [name]: value });
          return [];
        } catch (error) {
          return [{ name, message: String(error) }];
        }
      }),
    );
    expect(new Set(refusals.map(({ name }) => name)).size).toBeGreaterThan(SETTINGS.length / 2);
    for (const { name, message } of refusals) {
      expect(message).toContain(name);
      expect(message).not.toMatch(/expected|received|Invalid|Too (?:big|small)/);
    }
  });
});

describe('SWP_LIMIT_RATE', () => {
  it.each([
    ['800k', 800_000],
    ['800K', 800_000],
    ['50m', 50_000_000],
    ['2g', 2_000_000_000],
    ['50M', 50_000_000],
    ['1.5G', 1_500_000_000],
    ['1048576', 1_048_576],
  ])('%s is %i bytes a second', (text, rate) => {
    expect(readSettings({ SWP_LIMIT_RATE: text }).uploadRate).toBe(rate);
  });

  it('defaults to no limit', () => {
    expect(readSettings({}).uploadRate).toBeNull();
  });

  it.each(['50MB', '50 M', '-1', 'fast', '0', '10', '1e9'])('refuses %s and shows the format of a rate', (text) => {
    expect(() => readSettings({ SWP_LIMIT_RATE: text })).toThrow(/SWP_LIMIT_RATE.*(as 800k, 50M or 1\.5G|at least 1k)/s);
  });
});

describe('SWP_METRICS', () => {
  it.each([
    ['9464', '127.0.0.1:9464'],
    ['localhost:9464', '127.0.0.1:9464'],
    ['127.0.0.1:9464', '127.0.0.1:9464'],
    ['[::1]:9464', '[::1]:9464'],
    ['10.0.0.5:9464', '10.0.0.5:9464'],
    ['0.0.0.0:9464', '0.0.0.0:9464'],
  ])('%s is served on %s', (text, address) => {
    expect(readSettings({ SWP_METRICS: text }).metrics).toBe(address);
  });

  it('is off by default', () => {
    expect(readSettings({}).metrics).toBeNull();
  });

  it.each([':9464', '*:9464', 'metrics.example:9464', '::1:9464', '0', '70000', '127.0.0.1', 'yes', '127.0.0.1:0', '256.0.0.1:9464'])(
    'refuses %s, which is neither a port nor an IP address with a port',
    (text) => {
      expect(() => readSettings({ SWP_METRICS: text })).toThrow(/SWP_METRICS: must be a port, or an IP address and a port/);
    },
  );
});

describe('a metrics address', () => {
  it.each(['127.0.0.1:1', '127.8.0.1:1', '[::1]:1', '[0:0:0:0:0:0:0:1]:1'])('%s is a loopback address', (address) => {
    expect(isLoopback(address)).toBe(true);
  });

  it.each(['0.0.0.0:1', '10.127.0.1:1', '[::]:1', '[fe80::1]:1', '[2001:db8::1]:1'])('%s is reachable from other machines', (address) => {
    expect(isLoopback(address)).toBe(false);
  });
});

describe('SWP_LOG_LEVEL', () => {
  it('refuses an unknown level and names the known ones', () => {
    expect(() => readSettings({ SWP_LOG_LEVEL: 'verbose' })).toThrow(/SWP_LOG_LEVEL: must be one of debug, info, warn, error/);
  });
});
