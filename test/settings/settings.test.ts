import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { isLoopback } from '../../settings/metrics-address.js';
import { readSettings, SETTINGS } from '../../settings/settings.js';

describe('SWP_APPROVALS_*', () => {
  it('is one approval of anybody where nobody sets it', () => {
    expect(readSettings({}).approvals).toEqual({ self: 'allow', required: 1 });
  });

  it('says how many are needed, and whether by others', () => {
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
  ])('%s is a factor of %d', (factor, proveShards) => {
    expect(readSettings({ SWP_PROVE_SHARDS: factor })).toMatchObject({ proveShards });
  });

  it.each(['-1', 'much', '1e9'])('%s is refused in plain words', (factor) => {
    expect(() => readSettings({ SWP_PROVE_SHARDS: factor })).toThrow('SWP_PROVE_SHARDS: must be a factor from 0 to 1000000, as 1.5');
  });
});

describe('SWP_WEBHOOK', () => {
  it.each(['https://hooks.example.org/services/T0/x', 'http://127.0.0.1:8080/hook', 'http://localhost/hook'])('may be %s', (url) => {
    expect(readSettings({ SWP_WEBHOOK: url }).webhook?.reveal()).toBe(url);
  });

  it.each(['http://hooks.example.org/x', 'ftp://x', 'hooks.example.org', 'https://me:pw@hooks.example.org/x', 'http://pw@localhost'])(
    'may not be %s, and the error does not say it',
    (url) => {
      expect(() => readSettings({ SWP_WEBHOOK: url })).toThrow(/SWP_WEBHOOK/);
      expect(() => readSettings({ SWP_WEBHOOK: url })).not.toThrow(url);
    },
  );
});

describe('SWP_SOURCE_TOKEN', () => {
  it('is shown by nothing', () => {
    const settings = readSettings({ SWP_SOURCE_TOKEN: ' hf_source\n' });
    expect(`${inspect(settings, { depth: 9 })}${JSON.stringify(settings)}`).not.toContain('hf_source');
    expect(settings.sourceToken?.reveal()).toBe('hf_source');
  });

  it('that is none is refused, and the error does not say it', () => {
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
  ])('%s is %s', (level, logLevel) => {
    expect(readSettings({ SWP_LOG_LEVEL: level })).toMatchObject({ logLevel });
  });

  it('that there is not is refused, with those that there are', () => {
    expect(() => readSettings({ SWP_LOG_LEVEL: 'loud' })).toThrow('SWP_LOG_LEVEL: must be one of debug, info, warn, error');
  });
});

describe('a setting that cannot be used', () => {
  it.each([
    ['SWP_SLOTS', 'many', 'must be a whole number from 1 to 16'],
    ['SWP_SLOTS', '1.5', 'must be a whole number from 1 to 16'],
    ['SWP_SLOTS', '17', 'must be a whole number from 1 to 16'],
    ['SWP_APPROVALS_REQUIRED', '0', 'must be a whole number from 1 to 20'],
    ['SWP_DECISION_HOURS', 'soon', 'must be hours, more than 0 and at most 8760'],
    ['SWP_DECISION_HOURS', '0', 'must be hours, more than 0 and at most 8760'],
  ])('%s=%s is told in words that say what would be right', (name, value, message) => {
    expect(() => readSettings({ [name]: value })).toThrow(`Settings that cannot be used: ${name}: ${message}.`);
  });

  it.each(SETTINGS)('%s is told in no words of the library that parses it', (name) => {
    for (const value of ['-1', 'x'.repeat(5_000), '1e99', ',', 'ä'])
      try {
        readSettings({ [name]: value });
      } catch (error) {
        expect(String(error)).toContain(name);
        expect(String(error)).not.toMatch(/expected|received|Invalid|Too (?:big|small)/);
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

  it('is no limit where nobody sets one', () => {
    expect(readSettings({}).uploadRate).toBeNull();
  });

  it.each(['50MB', '50 M', '-1', 'fast', '0', '10', '1e9'])('refuses %s, and says how a rate is written', (text) => {
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

  it('is served nowhere where nobody sets it', () => {
    expect(readSettings({}).metrics).toBeNull();
  });

  it.each([':9464', '*:9464', 'metrics.example:9464', '::1:9464', '0', '70000', '127.0.0.1', 'yes', '127.0.0.1:0', '256.0.0.1:9464'])(
    'refuses %s: who opens it to others says so in full',
    (text) => {
      expect(() => readSettings({ SWP_METRICS: text })).toThrow(/SWP_METRICS: must be a port, or an IP address and a port/);
    },
  );
});

describe('an address of the metrics', () => {
  it.each(['127.0.0.1:1', '127.8.0.1:1', '[::1]:1', '[0:0:0:0:0:0:0:1]:1'])('%s is of this machine alone', (address) => {
    expect(isLoopback(address)).toBe(true);
  });

  it.each(['0.0.0.0:1', '10.127.0.1:1', '[::]:1', '[fe80::1]:1', '[2001:db8::1]:1'])('%s is for others too', (address) => {
    expect(isLoopback(address)).toBe(false);
  });
});

describe('SWP_SOURCE_TOKEN', () => {
  it('is shown by nothing', () => {
    const settings = readSettings({ SWP_SOURCE_TOKEN: ' hf_source\n' });
    expect(`${inspect(settings, { depth: 9 })}${JSON.stringify(settings)}`).not.toContain('hf_source');
    expect(settings.sourceToken?.reveal()).toBe('hf_source');
  });

  it('that is none is refused, and the error does not say it', () => {
    const read = () => readSettings({ SWP_SOURCE_TOKEN: 'two words' });
    expect(read).toThrow(/SWP_SOURCE_TOKEN/);
    expect(read).not.toThrow('two words');
  });
});

describe('SWP_LOG_LEVEL', () => {
  it('refuses a level that there is not, and names those that there are', () => {
    expect(() => readSettings({ SWP_LOG_LEVEL: 'verbose' })).toThrow(/SWP_LOG_LEVEL: must be one of debug, info, warn, error/);
  });
});
