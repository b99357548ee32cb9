import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson } from '../../core/digests.js';
import { diffPlans } from '../../plan/diff.js';
import { codeSpan, escapeMarkdown } from '../../plan/escape.js';
import { planMarkdown, type ShownPlan } from '../../plan/render/markdown.js';
import { PLAIN } from '../../plan/render/paint.js';
import { planText } from '../../plan/render/terminal.js';
import { volatileChecks } from '../../plan/volatile-checks.js';
import { commit, plan, PLAN_DIGEST, sourceFacts } from './fixtures.js';

const shown = (): ShownPlan => {
  const before = plan();
  const after = plan({ source: sourceFacts({ commit: commit('c') }) });
  const host = {
    host: 'h',
    availableDiskBytes: 1e12,
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

describe('a rendered plan', () => {
  it('matches the golden for the terminal', async () => {
    await expect(`${planText(shown(), PLAIN)}\n`).toMatchFileSnapshot('goldens/plan.txt');
  });

  it('matches the golden for the Web UI', async () => {
    await expect(`${planMarkdown(shown())}\n`).toMatchFileSnapshot('goldens/plan.md');
  });

  it('names the whole command for the artifact that is not blocked', () => {
    const blocked = { ...plan(), kind: 'vision' as const, action: 'blocked' as const };
    const text = planMarkdown({ ...shown(), artifacts: [blocked, plan()] });
    expect(text).toContain('not blocked: `swp start foxlight/qwen3-5-9b-full-q4-k --only mtp`');
  });

  it('shortens a very long name in the middle, and does not widen other rows', () => {
    const [first] = shown().artifacts;
    const path = `folder/${'x'.repeat(250)}.safetensors`;
    const operations = [...first!.operations, { op: 'add' as const, path, reason: 'a very long name' }];
    const long = { ...shown(), artifacts: [{ ...first!, operations }] };
    for (const text of [planText(long, PLAIN), planMarkdown(long)]) {
      const row = text.split('\n').find((line) => line.includes('a very long name'));
      expect(row).toMatch(/folder\/x+…x+\.safetensors/);
      expect(row?.length).toBeLessThan(150);
    }
    const card = (text: string) => text.split('\n').find((line) => line.includes('the model card'))?.length;
    expect(card(planText(long, PLAIN))).toBeLessThan(110);
  });

  it('is cut with a notice when it is too long for the Web UI', () => {
    const many = { ...shown(), artifacts: Array.from({ length: 20 }, () => plan()) };
    expect(planMarkdown(many).length).toBeLessThan(16_000);
    expect(planMarkdown(many)).toContain('`swp plan` shows the whole plan');
  });
});

/** Text that a hostile Hub, checkpoint or target can put into a plan. */
const HOSTILE = '\u001b[2J\u009b1mMIT\r\n    ok      source-license: all is well\u202e | x | <img src=//evil> ![x](http://evil)\u2028';
const hostilePlan = (): ShownPlan => {
  const honest = plan({ source: sourceFacts({ license: { id: HOSTILE, name: null, link: null } }) });
  const artifact = {
    ...honest,
    checks: [...honest.checks, { code: 'x', verdict: 'warn' as const, message: HOSTILE, fix: HOSTILE }],
    operations: [
      { op: 'delete' as const, path: HOSTILE, reason: HOSTILE },
      { op: 'keep-foreign' as const, count: 1, digest: PLAN_DIGEST, first: [HOSTILE] },
    ],
  };
  return { ...shown(), artifacts: [artifact], changes: [{ path: HOSTILE, before: HOSTILE, after: HOSTILE }] };
};

describe('untrusted text', () => {
  it('adds no control character and no line in the terminal', () => {
    const text = planText(hostilePlan(), PLAIN);
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u202a-\u202e]/);
    expect(text).not.toMatch(/^ *ok +source-license: all is well/m);
  });

  it('adds no line, cell, image or tag in the Web UI', () => {
    const rendered = planMarkdown(hostilePlan());
    expect(rendered).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u202a-\u202e]/);
    expect(rendered).not.toMatch(/^ *ok +source-license/m);
    expect(rendered.replaceAll(/`[^`\n]*`/g, '')).not.toMatch(/<img|!\[|\]\(|http:\/\//);
    for (const row of rendered.split('\n').filter((line) => line.startsWith('| '))) expect(row.split('|')).toHaveLength(5);
  });

  it('adds no link, image, HTML, table cell or line in Markdown', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(escapeMarkdown(text)).not.toMatch(/[\\`*_{}[\]()|~<>!\n\r]/);
        expect(codeSpan(text).slice(1, -1)).not.toMatch(/[`|\n\r]/);
      }),
    );
  });
});

describe('the difference of two plans', () => {
  it('is empty for equal plans', () => {
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

  it('compares every item of the same name', () => {
    const items = (...values: number[]) => values.map((value) => ({ code: 'x', value }));
    expect(diffPlans(items(1, 2), items(3, 2))).toHaveLength(1);
    expect(diffPlans(items(1, 2), items(1, 3))).toHaveLength(1);
    expect(diffPlans(items(1), items(1, 1))).toHaveLength(1);
  });

  it('shows the changed lines of a text', () => {
    expect(diffPlans({ card: 'a\nb\nc' }, { card: 'a\nB\nc' })).toEqual([{ path: 'card', before: 'b', after: 'B' }]);
  });

  it('is empty for two maps only when they are equal', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.integer()), fc.dictionary(fc.string(), fc.integer()), (a, b) => {
        expect(diffPlans(a, b).length === 0).toBe(canonicalJson(a) === canonicalJson(b));
      }),
    );
  });
});
