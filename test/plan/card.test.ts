import fc from 'fast-check';
import { parse } from 'yaml';
import { describe, expect, it } from 'vitest';
import { CARD_SLOTS, fillCard } from '../../plan/card.js';
import { mtpCardTemplate, type MtpCardInput } from '../../plan/card-mtp.js';
import { describeBytes } from '../../plan/manifest.js';
import { commit, PLAN_DIGEST, SOURCE, TARGET, TOOLS } from './fixtures.js';

const input = (over: Partial<MtpCardInput> = {}): MtpCardInput => ({
  target: TARGET,
  source: { repo: SOURCE, commit: commit('a'), license: { id: 'apache-2.0', name: null, link: null } },
  heads: 1,
  tensors: 15,
  decoded: 0,
  names: 'skulk',
  payloadBytes: 12_345_678,
  recipeDigest: PLAN_DIGEST,
  copied: ['LICENSE'],
  tools: TOOLS,
  ...over,
});
const FILES = [describeBytes('LICENSE', new TextEncoder().encode('x')), describeBytes('mtp.safetensors', new TextEncoder().encode('y'))];
const frontOf = (card: string): unknown => parse(/^---\n([\s\S]*?)\n---\n/.exec(card)?.[1] ?? '');

describe('the model card', () => {
  it('matches the golden template', async () => {
    await expect(mtpCardTemplate(input())).toMatchFileSnapshot('goldens/card-template.md');
  });

  it('matches the golden card when it is filled', async () => {
    await expect(fillCard(mtpCardTemplate(input()), PLAN_DIGEST, FILES)).toMatchFileSnapshot('goldens/card.md');
  });

  it('differs from its template only in the two slots', () => {
    const template = mtpCardTemplate(input());
    const filled = fillCard(template, PLAN_DIGEST, FILES);
    const parts = template.split(/\{\{swp:[a-z-]+\}\}/);
    expect(parts).toHaveLength(3);
    expect(filled.startsWith(parts[0]!)).toBe(true);
    expect(filled.endsWith(parts[2]!)).toBe(true);
    expect(filled).toContain(parts[1]!);
  });

  it('keeps its front matter and its slots with any license text', () => {
    const hostile = fc.oneof(
      fc.string(),
      fc.constantFrom(
        '---\n# mine',
        CARD_SLOTS.planDigest,
        'a: b\nc: d',
        '"',
        '!!js/function',
        '{{swp:file-table}}',
        '{{{swp:plan-digest}}',
        '{{{{swp:file-table}}}}',
        '\u001b[2J\u2028---\n',
      ),
      fc.string({ unit: fc.constantFrom('{', '}', '-', '\n', ':', ' ', 'swp:plan-digest') }),
      fc.string({ unit: 'binary' }),
    );
    fc.assert(
      fc.property(hostile, hostile, (name, link) => {
        const template = mtpCardTemplate(input({ source: { ...input().source, license: { id: 'other', name, link } } }));
        expect(template.split(CARD_SLOTS.planDigest)).toHaveLength(2);
        expect(template.split(CARD_SLOTS.fileTable)).toHaveLength(2);
        expect(frontOf(template)).toMatchObject({ license: 'other', base_model: [SOURCE] });
      }),
    );
  });
});
