import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SwpError } from '../../core/error.js';
import { assertApproved, assertReleased, type ApprovedArtifact } from '../../plan/approved.js';
import { canonicalJson, digestOf, gitBlobOf } from '../../core/digests.js';
import type { DecisionRecord } from '../../plan/decision.js';
import { makeEntryPlan, planDigest } from '../../plan/entry-plan.js';
import { manifestDigest } from '../../plan/manifest.js';
import { manifestOf, parseProvenance, provenanceText } from '../../plan/provenance.js';
import { ANYBODY, DECISION, plan, publishedTarget, sourceFacts, commit } from './fixtures.js';

describe('canonical JSON', () => {
  it('matches the example of the RFC', () => {
    const value = {
      numbers: [Number('333333333.33333329'), 1e30, 4.5, 2e-3, 1e-27],
      string: '€$\u000f\nA\'B"\\\\"/',
      literals: [null, true, false],
    };
    expect(canonicalJson(value)).toBe(
      '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
    );
  });

  it('ignores the order of keys', () => {
    expect(digestOf({ a: 1, b: [2, { d: 3, c: 4 }] })).toBe(digestOf({ b: [2, { c: 4, d: 3 }], a: 1 }));
  });

  it('sorts keys by UTF-16 units, as in the second example of the RFC', () => {
    const value = {
      '\u20ac': 'Euro',
      '\r': 'CR',
      '\ufb33': 'Dagesh',
      one: 'One',
      '\ud83d\ude00': 'Smiley',
      '\u0080': 'Control',
      '\u00f6': 'o',
    };
    expect(canonicalJson(value).match(/(?<=:")\w+/g)).toEqual(['CR', 'One', 'Control', 'o', 'Euro', 'Smiley', 'Dagesh']);
  });

  it.each([
    ['undefined', undefined, 'internal'],
    ['NaN', { a: Number.NaN }, 'integrity'],
    ['a lone surrogate', { a: '\ud800' }, 'integrity'],
  ])('refuses %s', (_, value, kind) => {
    expect(() => canonicalJson(value)).toThrow(expect.objectContaining({ code: 'digest/not-json', kind }));
  });

  it('gitBlobOf returns the blob id of git', () => {
    expect(gitBlobOf(new TextEncoder().encode('hello\n'))).toBe('ce013625030ba8dba906f756967f9e9ca394464a');
  });
});

/** A statement of one file with these annotations, valid up to them. */
const oneFileWith = (annotations: string): string =>
  `{"_type":"https://in-toto.io/Statement/v1","predicateType":"https://slsa.dev/provenance/v1","subject":[{"name":"a","digest":{"sha256":"${'a'.repeat(64)}"},"annotations":{${annotations}}}]}`;

describe('provenance', () => {
  const { lastPublish } = publishedTarget(plan());
  const text = provenanceText(lastPublish!.provenance);

  it('has no identity field for a decision without an identity', () => {
    expect(text).toContain(
      `"decisions":[{"at":"${DECISION.at}","plan":"${DECISION.plan}","reviewer":"ada","round":1,"verdict":"approve"}]`,
    );
  });

  it('keeps the identity of a reviewer', () => {
    const withIdentity = provenanceText({ ...lastPublish!.provenance }).replace('"plan":"sha256:', '"identity":"hub","plan":"sha256:');
    expect(provenanceText(parseProvenance(withIdentity))).toBe(withIdentity);
  });

  it('contains the manifest that it was made from', () => {
    expect(manifestDigest(manifestOf(parseProvenance(text)))).toBe(lastPublish!.manifestDigest);
  });

  it('has the same bytes after it is parsed', () => {
    expect(provenanceText(parseProvenance(text))).toBe(text);
  });

  it.each([
    ['text that is not JSON', '{'],
    ['another statement', '{"_type":"x"}'],
    ['a forged digest', text.replace(/"sha256":"[0-9a-f]{64}"/, '"sha256":"zz"')],
    ['an extra field', text.replace('{"_type"', '{"more":1,"_type"')],
  ])('is refused with %s', (_, hostile) => {
    expect(() => parseProvenance(hostile)).toThrow(SwpError);
  });

  it('is refused in one short line when it is hostile', () => {
    const hostile = text.replace('{"_type"', `{${JSON.stringify(`\n\u001b[2J${'x'.repeat(9999)}`)}:1,"_type"`);
    expect(() => parseProvenance(hostile)).toThrow(
      expect.objectContaining({ code: 'plan/bad-provenance', message: expect.stringMatching(/^\P{Cc}{1,500}$/u) }),
    );
  });

  it.each([
    ['many empty files', `{"subject":[${'{},'.repeat(300_000)}{}]}`, /: \S+: is missing/],
    ['more items than the limit', `{"subject":[${'{},'.repeat(3_000_000)}{}]}`, /more than 3000000 objects, lists and fields/],
    [
      'a file with many empty samples',
      oneFileWith(`"samples":[${'{},'.repeat(300_000)}{}],"size":1`),
      /subject\.0\.annotations\.samples\.0\./,
    ],
  ])('is refused with %s, for the first fault', (_, statement, reason) => {
    expect(() => parseProvenance(statement)).toThrow(
      expect.objectContaining({ code: 'plan/bad-provenance', message: expect.stringMatching(reason) }),
    );
  });

  it('throws only an SwpError for any invalid text', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json(),
          fc.jsonValue().map((predicate) => JSON.stringify({ ...lastPublish!.provenance, predicate })),
        ),
        (hostile) => {
          expect(() => parseProvenance(hostile)).toThrow(SwpError);
        },
      ),
    );
  });
});

describe('an approval', () => {
  const made = plan();
  const entryPlan = makeEntryPlan({ name: 'x/y' }, [made]);
  const approved: ApprovedArtifact = {
    entryName: 'x/y',
    entryPlan,
    plan: made,
    decision: { ...DECISION, plan: planDigest(entryPlan) },
    terms: ANYBODY,
  };

  it('passes for exactly this plan', () => {
    expect(assertApproved(approved)).toBe(planDigest(entryPlan));
  });

  it.each([
    ['plan/not-approved', { ...approved, decision: { ...approved.decision, verdict: 'reject' as const } }],
    ['plan/other-plan', { ...approved, decision: DECISION }],
    ['plan/other-artifact', { ...approved, plan: plan({ source: sourceFacts({ commit: commit('c') }) }) }],
    ['plan/other-artifact', { ...approved, plan: { ...made, target: { ...made.target, repo: 'evil/repo' as never } } }],
    ['plan/other-plan', { ...approved, entryPlan: makeEntryPlan({ name: 'x/z' }, [made]) }],
  ])('is refused with %s for another decision, plan or entry', (code, forged) => {
    expect(() => assertApproved(forged)).toThrow(expect.objectContaining({ code }));
  });

  it.each([
    ['plan/not-approved', { ...approved.decision, verdict: 'reject' as const }],
    ['plan/other-plan', DECISION],
  ])('is refused with %s when an earlier approval is not one of this plan', (code, earlier) => {
    expect(() => assertApproved({ ...approved, earlier: [earlier] })).toThrow(expect.objectContaining({ code }));
  });

  describe('that requires two people', () => {
    const two = { policy: { self: 'allow', required: 2 }, startedBy: null } as const;
    const by = (reviewer: string, over: Partial<DecisionRecord> = {}): DecisionRecord => ({ ...approved.decision, reviewer, ...over });
    const given = (...decisions: readonly DecisionRecord[]): ApprovedArtifact => ({
      ...approved,
      terms: two,
      earlier: decisions.slice(0, -1),
      decision: decisions.at(-1)!,
    });

    it('passes with two accounts', () => {
      expect(() => assertApproved(given(by('ada'), by('bob')))).not.toThrow();
    });

    it.each([
      ['one approval', given(by('ada'))],
      ['two spellings of one name', given(by('ada'), by('ad\u200ba'))],
      ['a name that looks like the other', given(by('ada'), by('\u0430da'))],
      ['a login', given(by('ada'), by('bob', { identity: 'os' }))],
      ['the starter', { ...given(by('bob')), terms: { policy: { self: 'deny', required: 1 }, startedBy: '\uff42ob' } as const }],
    ])('is refused with %s', (_, forged) => {
      expect(() => assertApproved(forged)).toThrow(expect.objectContaining({ code: 'plan/not-approved' }));
    });
  });

  it('is refused for a plan with nothing to publish', () => {
    const unchanged = plan({ target: publishedTarget(plan()) });
    const none = makeEntryPlan({}, [unchanged]);
    expect(() =>
      assertApproved({ ...approved, plan: unchanged, entryPlan: none, decision: { ...DECISION, plan: planDigest(none) } }),
    ).toThrow(expect.objectContaining({ code: 'plan/not-publishable' }));
  });
});

describe('a release', () => {
  const made = plan();
  const entryPlan = makeEntryPlan({ name: 'x/y' }, [made]);
  const decision = { ...DECISION, plan: planDigest(entryPlan) };
  const approved: ApprovedArtifact = { entryName: 'x/y', entryPlan, plan: made, decision, terms: ANYBODY };
  const [manifest, other] = [digestOf('sealed'), digestOf('other')];
  const releasedWith = (of: typeof manifest): ApprovedArtifact => ({
    ...approved,
    needsRelease: true,
    release: [{ ...decision, reviewer: 'eve', manifest: of }],
  });

  it('is not needed unless the plan requires one', () => {
    expect(() => assertReleased(approved, manifest)).not.toThrow();
  });

  it('passes for exactly this manifest', () => {
    expect(() => assertReleased(releasedWith(manifest), manifest)).not.toThrow();
  });

  it('is refused with one person, or two spellings of one, when it requires two', () => {
    const { release = [] } = releasedWith(manifest);
    const terms = { policy: { self: 'allow', required: 2 }, startedBy: null } as const;
    const by = (...names: readonly string[]) => names.flatMap((reviewer) => release.map((given) => ({ ...given, reviewer })));
    const refused = expect.objectContaining({ code: 'plan/not-released' });
    for (const names of [['eve'], ['eve', 'EVE\u200d']])
      expect(() => assertReleased({ ...releasedWith(manifest), terms, release: by(...names) }, manifest)).toThrow(refused);
    expect(() => assertReleased({ ...releasedWith(manifest), terms, release: by('eve', 'bob') }, manifest)).not.toThrow();
  });

  it.each([
    ['it is missing', { ...approved, needsRelease: true }],
    ['it is for other bytes', releasedWith(other)],
    ['it is the approval of the plan', { ...approved, needsRelease: true, release: [decision] }],
  ])('is refused when %s', (_, forged) => {
    expect(() => assertReleased(forged, manifest)).toThrow(expect.objectContaining({ code: 'plan/not-released' }));
  });
});
