import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson } from '../../plan/canonical.js';
import { diffPlans } from '../../plan/diff.js';
import { codeSpan, escapeMarkdown } from '../../plan/escape.js';
import { planMarkdown, type ShownPlan } from '../../plan/render/markdown.js';
import { PLAIN, planText } from '../../plan/render/terminal.js';
import { volatileChecks } from '../../plan/volatile-checks.js';
import { commit, plan, PLAN_DIGEST, sourceFacts } from './fixtures.js';

const shown = (): ShownPlan => {
  const before = plan();
  const after = plan({ source: sourceFacts({ commit: commit('c') }) });
  const host = {
    host: 'h',
    freeDiskBytes: 1e12,
    sources: [{ repo: 'Qwen/Qwen3.5-9B-Base', readable: false, reason: 'It is gated.' }],
    targets: [{ repo: 'foxlightai/QWEN3-5-9b-base-mtp', writable: 'unknown' as const, reason: 'A fine-grained token.' }],
  };
  return {
    entryName: 'foxlight/qwen3-5-9b-full-q4-k',
    digest: PLAN_DIGEST,
    round: 2,
    artifacts: [after],
    volatile: volatileChecks([after], host),
    changes: diffPlans(before, after, 'mtp'),
  };
};

describe('a plan as people see it', () => {
  it('in the terminal is this', async () => {
    await expect(`${planText(shown(), PLAIN)}\n`).toMatchFileSnapshot('goldens/plan.txt');
  });

  it('in the Web UI is this', async () => {
    await expect(`${planMarkdown(shown())}\n`).toMatchFileSnapshot('goldens/plan.md');
  });

  it('is cut with a word about it when it is too long for the Web UI', () => {
    const many = { ...shown(), artifacts: Array.from({ length: 20 }, () => plan()) };
    expect(planMarkdown(many).length).toBeLessThan(16_000);
    expect(planMarkdown(many)).toContain('`swp plan` shows all of it');
  });
});

describe('text from outside', () => {
  it('can make no link, image, HTML, table cell or new line in Markdown', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(escapeMarkdown(text)).not.toMatch(/[\\`*_{}[\]()|~<>!\n\r]/);
        expect(codeSpan(text).slice(1, -1)).not.toMatch(/[`|\n\r]/);
      }),
    );
  });
});

describe('the difference of two plans', () => {
  it('of equal plans is empty', () => {
    expect(diffPlans(plan(), plan())).toEqual([]);
  });

  it('names the leaf that changed, with both values', () => {
    expect(
      diffPlans(
        { a: { b: 1 }, c: [{ code: 'x', verdict: 'ok' }] },
        {
          a: { b: 2 },
          c: [
            { code: 'y', verdict: 'ok' },
            { code: 'x', verdict: 'warn' },
          ],
        },
      ),
    ).toEqual([
      { path: 'a.b', before: '1', after: '2' },
      { path: 'c.x.verdict', before: 'ok', after: 'warn' },
      { path: 'c.y', before: undefined, after: '{"code":"y","verdict":"ok"}' },
    ]);
  });

  it('of any two JSON values is empty only when they are equal', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.integer()), fc.dictionary(fc.string(), fc.integer()), (a, b) => {
        expect(diffPlans(a, b).length === 0).toBe(canonicalJson(a) === canonicalJson(b));
      }),
    );
  });
});
