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

describe('a token in use', () => {
  it.each<[string, string]>([
    ['as it is', TOKEN],
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
    ['with characters of no width', TOKEN.replaceAll(/.{7}/g, '$&\u200b\u2060\ufeff\u00ad')],
    ['with control characters', Array.from(TOKEN).join('\u0007')],
    ['with marks of direction', Array.from(TOKEN).join('\u202e')],
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

  it('is hidden every time, with what stands around it kept', () => {
    expect(redact(`a ${TOKEN} b ${TOKEN}${TOKEN} c`)).toBe('a [secret] b [secret][secret] c');
  });

  it('that is the beginning of another leaves nothing of that', () => {
    expect(redactor([new Secret('abcdef'), new Secret('abcdef-ghijkl')])('x abcdef-ghijkl abcdef')).toBe('x [secret] [secret]');
  });

  it('leaves JSON that can be parsed', () => {
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

  it('that is too short for one hides nothing', () => {
    expect(redactor([new Secret('a')])('banana')).toBe('banana');
  });

  it('is noticed in a text, where a name in the shape of a token is not', () => {
    expect(holdsSecret([new Secret(TOKEN)], `{"license":"${TOKEN.replaceAll('f', '\\u0066')}"}`)).toBe(true);
    expect(holdsSecret([new Secret(TOKEN)], '{"path":"hf_Qwen25VL7BInstruct.gguf"}')).toBe(false);
  });
});

describe('the end of a text that was cut', () => {
  it('keeps nothing of a token that goes on behind it', () => {
    const text = `said: ${TOKEN}`;
    for (let cut = 'said: '.length + 4; cut < text.length; cut += 1) expect(redact(text.slice(0, cut), 'cut')).toBe('said: [secret]');
  });

  it('keeps nothing of one that is spread out, or escaped and cut inside an escape', () => {
    expect(redact(`said: ${Array.from(TOKEN.slice(0, 30)).join('\n\u200b')}\n\n`, 'cut')).toMatch(/^said: \[secret\]\s*$/);
    expect(redact('said: odd%22token%5Cwith%2', 'cut')).toBe('said: [secret]');
  });

  it('stays where it is the end of the text itself', () => {
    expect(redact(`said: ${TOKEN.slice(0, 12)}`)).toBe(`said: ${TOKEN.slice(0, 12)}`);
  });
});

describe("somebody else's", () => {
  it.each<[string, string, string]>([
    ['token of the Hub', 'the Hub said: hf_ZYXWVUTSRQPONMLKJIHG is expired', 'the Hub said: [secret] is expired'],
    ['token of the Hub with characters of no width', 'hf_ZYXWVUTS\u200bRQPONMLKJIHG!', '[secret]!'],
    ['bearer token', 'sent Bearer abcdefgh.payload', 'sent Bearer [secret]'],
    ['signed token', 'key eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl ends', 'key [secret] ends'],
    ['password in an address', 'ftp://user:p@ss@host/x and https://me@host', 'ftp://[secret]@host/x and https://[secret]@host'],
  ])('%s is hidden', (_what, text, shown) => {
    expect(redact(text)).toBe(shown);
  });

  it.each(['Correct hf_collection in the entry, or give the worker a token.', 'https://host/a@b', 'swp verify acme/x', '50 % of a\\b'])(
    'text that is none stays: %s',
    (text) => {
      expect(redact(text)).toBe(text);
    },
  );
});

it('takes linear time for a text that is made to take more', () => {
  const text = `${'hf_AbCdEf\\n%20\u200b'.repeat(20_000)}${'\\'.repeat(50_000)}${'\u001b['.repeat(50_000)}${'https://'.repeat(20_000)}`;
  const begun = performance.now();
  redact(text, 'cut');
  expect(performance.now() - begun).toBeLessThan(2_000);
});
