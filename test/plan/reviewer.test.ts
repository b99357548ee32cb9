import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Digest } from '../../core/ids.js';
import { decide, openApproval, type Approval, type ApprovalPolicy } from '../../plan/approval.js';
import { runs } from '../support/tiers.js';

const PLAN = Digest.parse(`sha256:${'a1'.repeat(32)}`);
const TWO: ApprovalPolicy = { self: 'allow', required: 2 };
const OTHERS: ApprovalPolicy = { self: 'deny', required: 1 };
const openFor = (policy: ApprovalPolicy, startedBy: string | null = null): Approval =>
  openApproval({ round: 1, plan: PLAN, deadline: 1_000, policy, startedBy });
const approveAs = (approval: Approval, reviewer: string, over: Record<string, unknown> = {}) =>
  decide(approval, { plan: PLAN, verdict: 'approve', reviewer, ...over }, 5);
const approveAll = (approval: Approval, ...reviewers: readonly string[]): Approval =>
  reviewers.reduce((at, reviewer) => approveAs(at, reviewer).approval, approval);

/** Spellings that look like `ada` or `ada.lovelace@example.org`, or are equal to one in Unicode. */
const SPELLINGS: readonly (readonly [string, string, string])[] = [
  ['a zero-width space', 'ada', 'a\u200bda'],
  ['a zero-width joiner at its end', 'ada', 'ada\u200d'],
  ['a soft hyphen', 'ada', 'a\u00adda'],
  ['a direction mark', 'ada', '\u200eada'],
  ['a variation selector', 'ada', 'ada\ufe0f'],
  ['an invisible letter of Hangul', 'ada', 'ada\u3164'],
  ['a blank of Braille', 'ada', 'ada\u2800'],
  ['full-width letters', 'ada', '\uff41\uff44\uff41'],
  ['mathematical letters', 'ada', '\u{1d41a}\u{1d41d}\u{1d41a}'],
  ['Cyrillic letters', 'ada', '\u0430d\u0430'],
  ['a Greek letter', 'ada.o', 'ada.\u03bf'],
  ['other capitals', 'ada', 'ADA'],
  ['a Kelvin sign for a k', 'k-ada', '\u212a-ada'],
  ['blanks around', 'ada', ' ada  '],
  ['a full-width @', 'ada@example.org', 'ada\uff20example.org'],
  ['capitals in an address', 'ada@example.org', 'Ada@Example.ORG'],
];
/** Spellings of names that are neither an account nor an address. */
const FREE_SPELLINGS: readonly (readonly [string, string, string])[] = [
  ['one composed and one decomposed letter', 'Zo\u00eb', 'Zoe\u0308'],
  ['a double blank', 'ada lovelace', 'ada  lovelace'],
  ['a blank that does not break', 'ada lovelace', 'ada\u00a0lovelace'],
];

describe('two approvals', () => {
  it.each([...SPELLINGS, ...FREE_SPELLINGS])('are not given by one name and its spelling with %s', (_, name, other) => {
    expect(approveAll(openFor(TWO), name, other).state).toBe('open');
    expect(approveAll(openFor(TWO), other, name).state).toBe('open');
  });

  it('are given by an account and an address', () => {
    expect(approveAll(openFor(TWO), 'ada', 'bob@example.org').state).toBe('approved');
  });

  it.each([
    ['a name in words', 'Ada Lovelace', {}, '"Ada Lovelace"'],
    ['look-alike letters', '\u0430d\u0430', {}, 'look like Latin letters'],
    ['a login of a machine', 'ada', { identity: 'os' }, 'ada (login)'],
    ['a name that no account can have', '-ada', {}, '"-ada"'],
    ['an address without a domain', 'ada@', {}, '"ada@"'],
  ])('do not count %s, and the refusal names what counts', (_, reviewer, over, shown) => {
    const { approval, answer } = approveAs(openFor(TWO), reviewer, over);
    expect(answer).toMatchObject({ result: 'refused', code: 'reviewer' });
    expect(approval.approvals).toEqual([]);
    for (const words of [shown, 'Hub account', 'e-mail address', '--as']) expect(approval.refusals[0]).toContain(words);
  });

  it('do not prevent a reject by any name', () => {
    expect(approveAs(openFor(TWO), 'Ada Lovelace', { verdict: 'reject' }).approval.state).toBe('rejected');
  });
});

describe('an approval by another person', () => {
  it.each(SPELLINGS)('is not given by the starter spelt with %s', (_, name, other) => {
    expect(approveAs(openFor(OTHERS, name), other).approval.state).toBe('open');
    expect(approveAs(openFor(OTHERS, other), name).approval.state).toBe('open');
  });

  it('is not given when the starter is neither an account nor an address', () => {
    const { approval, answer } = approveAs(openFor(OTHERS, 'Ada Lovelace'), 'bob');
    expect(answer).toMatchObject({ result: 'refused', code: 'self', message: expect.stringContaining('swp start') });
    expect(approval.state).toBe('open');
  });
});

describe('one approval by anyone', () => {
  it('may come from any name, recorded without invisible characters', () => {
    const { answer } = approveAs(openFor({ self: 'allow', required: 1 }), 'Ada\u200b \u202e  Lovelace\u3164');
    expect(answer).toMatchObject({ result: 'accepted', decision: { reviewer: 'Ada Lovelace' } });
  });
});

const CYRILLIC: Readonly<Record<string, string>> = { a: 'а', c: 'с', e: 'е', i: 'і', j: 'ј', o: 'о', p: 'р', s: 'ѕ', x: 'х', y: 'у' };
const each = (change: (character: string) => string) => (name: string) => Array.from(name, change).join('');
/** Changes of a name that look the same to a reader, or are equal in Unicode. */
const CHANGES: readonly ((name: string) => string)[] = [
  each((character) => CYRILLIC[character] ?? character),
  each((character) => (/[!-~]/.test(character) ? String.fromCodePoint(character.charCodeAt(0) + 0xfee0) : character)),
  (name) => name.normalize('NFD'),
  (name) => name.normalize('NFC'),
  (name) => name.toUpperCase(),
  (name) => name.toLowerCase(),
  (name) => ` ${name.replaceAll(' ', '  ')}\u00a0`,
  ...['\u200b', '\u2060', '\u00ad', '\ufeff', '\u200f', '\u034f', '\u{e0041}', '\u115f'].map(
    (mark) => (name: string) => `${name.slice(0, 1)}${mark}${name.slice(1)}`,
  ),
];
const person = fc.oneof(
  fc.stringMatching(/^[a-z][a-z0-9-]{0,8}[a-z0-9]$/),
  fc.stringMatching(/^[a-z]{1,8}@[a-z]{1,8}\.org$/),
  fc.stringMatching(/^[a-zëéü]{1,8} [a-z]{1,8}$/),
);
const spelling = fc.array(fc.constantFrom(...CHANGES), { maxLength: 4 });
const spell = (name: string, changes: readonly ((name: string) => string)[]): string => changes.reduce((at, change) => change(at), name);

describe('spellings of one name', () => {
  it('never give two approvals', () => {
    fc.assert(
      fc.property(person, fc.array(spelling, { minLength: 2, maxLength: 5 }), (name, spellings) => {
        const approval = approveAll(openFor(TWO), ...spellings.map((changes) => spell(name, changes)));
        expect(approval.approvals.length).toBeLessThan(2);
        expect(approval.state).toBe('open');
      }),
      { numRuns: runs(5000) },
    );
  });

  it('never approve a plan that one of them started', () => {
    fc.assert(
      fc.property(person, spelling, spelling, (name, starter, reviewer) => {
        expect(approveAs(openFor(OTHERS, spell(name, starter)), spell(name, reviewer)).approval.approvals).toEqual([]);
      }),
      { numRuns: runs(5000) },
    );
  });
});
