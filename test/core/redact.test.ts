import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stripControls } from '../../client/output/strip-controls.js';
import { holdsSecret, redactor } from '../../core/redact.js';
import { Secret } from '../../core/secret.js';
import { sanitizeLine } from '../../core/text.js';
import { runs } from '../support/tiers.js';

const TOKEN = 'hf_AbCdEfGhIjKlMnOpQrStUvWxYzAbCdEfGh';
const ODD = 'odd"token\\with/quotes';
const redact = redactor([new Secret(TOKEN), new Secret(ODD)]);

describe('a known token', () => {
  it.each<[string, string]>([
    ['in plain text', TOKEN],
    ['in a URL', encodeURIComponent(ODD)],
    [
      'in a URL that escapes everything',
      Array.from(TOKEN)
        .map((letter) => `%${letter.charCodeAt(0).toString(16)}`)
        .join(''),
    ],
    ['in JSON', JSON.stringify({ said: ODD })],
    ['in JSON inside JSON', JSON.stringify(JSON.stringify({ said: ODD }))],
    [
      'in JSON that escapes everything',
      Array.from(TOKEN)
        .map((letter) => `\\u00${letter.charCodeAt(0).toString(16)}`)
        .join(''),
    ],
    [
      'in HTML',
      Array.from(TOKEN)
        .map((letter) => `&#${letter.charCodeAt(0)};`)
        .join(''),
    ],
    ['in capitals', TOKEN.toUpperCase()],
    ['in lines', TOKEN.replaceAll(/.{5}/g, '$&\r\n\t')],
    ['in lines inside JSON', JSON.stringify(TOKEN.replaceAll(/.{5}/g, '$&\n\t'))],
    ['with zero-width characters', TOKEN.replaceAll(/.{7}/g, '$&\u200b\u2060\ufeff\u00ad')],
    ['with control characters', Array.from(TOKEN).join('\u0007')],
    ['with direction marks', Array.from(TOKEN).join('\u202e')],
    ['in colours', TOKEN.replaceAll(/.{3}/g, '$&\u001b[31m')],
    ['in colours inside JSON', JSON.stringify(TOKEN.replaceAll(/.{3}/g, '$&\u001b[31m'))],
  ])('is hidden %s', (_how, written) => {
    const shown = redact(`before ${written} after`);
    expect(shown).toMatch(/^before .*\[secret\].* after$/s);
    for (const clean of [shown, sanitizeLine(shown), stripControls(shown), stripControls(sanitizeLine(shown))]) {
      expect(clean.toLowerCase()).not.toContain(TOKEN.slice(3, 20).toLowerCase());
      expect(clean).not.toMatch(/odd.*token.*with/);
    }
  });

  it('is hidden at every occurrence, and the text around it stays', () => {
    expect(redact(`a ${TOKEN} b ${TOKEN}${TOKEN} c`)).toBe('a [secret] b [secret][secret] c');
  });

  it('is hidden completely even if another token is its prefix', () => {
    expect(redactor([new Secret('abcdef'), new Secret('abcdef-ghijkl')])('x abcdef-ghijkl abcdef')).toBe('x [secret] [secret]');
  });

  it('is hidden in JSON that stays valid', () => {
    const hostile = fc.string({ unit: fc.constantFrom('"', '\\', 'o', 'd', 't', '\n', '\u001b', '[', '/') });
    fc.assert(
      fc.property(hostile, hostile, fc.constantFrom(ODD, '"quoted"', '\\behind-it\\', '/path/x'), (left, right, secret) => {
        const text = JSON.stringify({ said: `${left}${secret}${right}` });
        const shown = redactor([new Secret(secret)])(text);
        expect(() => JSON.parse(shown) as unknown).not.toThrow();
        expect(shown).toContain('[secret]');
      }),
      { numRuns: runs(500) },
    );
  });

  it('is ignored if it is too short', () => {
    expect(redactor([new Secret('a')])('banana')).toBe('banana');
  });

  it('is detected in a text, but a name in the shape of a token is not', () => {
    expect(holdsSecret([new Secret(TOKEN)], `{"license":"${TOKEN.replaceAll('f', '\\u0066')}"}`)).toBe(true);
    expect(holdsSecret([new Secret(TOKEN)], '{"path":"hf_Qwen25VL7BInstruct.gguf"}')).toBe(false);
  });
});

describe('the end of a cut text', () => {
  it('keeps nothing of a token that was cut', () => {
    const text = `said: ${TOKEN}`;
    for (let cut = 'said: '.length + 4; cut < text.length; cut += 1) expect(redact(text.slice(0, cut), 'cut')).toBe('said: [secret]');
  });

  it('keeps nothing of a cut token that is spread out, or cut inside an escape', () => {
    expect(redact(`said: ${Array.from(TOKEN.slice(0, 30)).join('\n\u200b')}\n\n`, 'cut')).toMatch(/^said: \[secret\]\s*$/);
    expect(redact('said: odd%22token%5Cwith%2', 'cut')).toBe('said: [secret]');
  });

  it('stays if the text is complete', () => {
    expect(redact(`said: ${TOKEN.slice(0, 12)}`)).toBe(`said: ${TOKEN.slice(0, 12)}`);
  });
});

describe('a secret of an unknown owner', () => {
  it.each<[string, string, string]>([
    ['a token of the Hub', 'the Hub said: hf_ZYXWVUTSRQPONMLKJIHG is expired', 'the Hub said: [secret] is expired'],
    ['a token of the Hub with zero-width characters', 'hf_ZYXWVUTS\u200bRQPONMLKJIHG!', '[secret]!'],
    ['a bearer token', 'sent Bearer abcdefgh.payload', 'sent Bearer [secret]'],
    ['a signed token', 'key eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl ends', 'key [secret] ends'],
    ['a password in an address', 'ftp://user:p@ss@host/x and https://me@host', 'ftp://[secret]@host/x and https://[secret]@host'],
  ])('%s is hidden', (_what, text, shown) => {
    expect(redact(text)).toBe(shown);
  });

  it.each(['Correct hf_collection in the entry, or give the worker a token.', 'https://host/a@b', 'swp verify acme/x', '50 % of a\\b'])(
    'harmless text stays: %s',
    (text) => {
      expect(redact(text)).toBe(text);
    },
  );
});

it('redacting a hostile text takes linear time', () => {
  const text = `${'hf_AbCdEf\\n%20\u200b'.repeat(20_000)}${'\\'.repeat(50_000)}${'\u001b['.repeat(50_000)}${'https://'.repeat(20_000)}`;
  const begun = performance.now();
  redact(text, 'cut');
  expect(performance.now() - begun).toBeLessThan(2_000);
});
