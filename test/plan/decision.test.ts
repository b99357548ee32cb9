import { describe, expect, it } from 'vitest';
import { Digest } from '../../core/ids.js';
import { DecisionMessage, decisionText, namesDigest, shortDigest, type DecisionRecord } from '../../plan/decision.js';

const HEX = '0123456789abcdef'.repeat(4);
const PLAN = Digest.parse(`sha256:${HEX}`);

const record = (over: Partial<DecisionRecord> = {}): DecisionRecord => ({
  round: 1,
  plan: PLAN,
  verdict: 'approve',
  reviewer: 'alice',
  at: '2026-01-02T03:04:05Z',
  ...over,
});

describe('a decision in one line', () => {
  it.each([
    [record(), 'approved by alice'],
    [record({ verdict: 'reject' }), 'rejected by alice'],
    [record({ note: 'looks right' }), 'approved by alice: looks right'],
    [record({ verdict: 'reject', identity: 'hub', note: 'wrong source' }), 'rejected by alice (Hub account): wrong source'],
  ])('%# reads %s', (decision, text) => expect(decisionText(decision)).toBe(text));
});

describe('a reference to a digest', () => {
  it('is its first 32 hex digits in running text', () => expect(shortDigest(PLAN)).toBe(HEX.slice(0, 32)));

  it('has at least 32 digits, with or without its algorithm', () => {
    expect(namesDigest(HEX.slice(0, 32), PLAN)).toBe(true);
    expect(namesDigest(`sha256:${HEX}`, PLAN)).toBe(true);
    expect(namesDigest(HEX.slice(0, 31), PLAN)).toBe(false);
    expect(namesDigest(HEX.slice(1, 40), PLAN)).toBe(false);
  });
});

it('cuts a note to 500 characters on one line', () => {
  const message = DecisionMessage.parse({ plan: HEX, verdict: 'approve', reviewer: 'alice', note: 'x\n'.repeat(600) });
  expect(message.note).toHaveLength(500);
  expect(message.note).not.toContain('\n');
});
