import { describe, expect, it } from 'vitest';
import { sha256Of } from '../../core/digests.js';
import { makeManifest } from '../../plan/manifest.js';
import { makeProvenance, manifestOf, parseProvenance, provenanceText } from '../../plan/provenance.js';
import { DECISION, plan, publishedTarget } from './fixtures.js';

/** The parts of a statement that tests change. */
interface Statement {
  subject: unknown;
  readonly predicate: {
    readonly buildDefinition: { readonly internalParameters: Record<string, unknown> };
    readonly runDetails: { readonly builder: Record<string, unknown> };
  };
}

describe('provenance', () => {
  const text = provenanceText(publishedTarget(plan()).lastPublish!.provenance);

  it('is an in-toto statement with a SLSA predicate', () => {
    const made = plan();
    const { environment, ...input } = {
      entry: 'foxlight/x',
      target: made.target.repo,
      recipe: made.recipe!,
      recipeDigest: made.recipeDigest!,
      planDigest: DECISION.plan,
      decisions: [DECISION],
      manifest: makeManifest([{ path: 'a', size: 3, sha256: sha256Of('abc') }]),
      tools: { swp: '1' },
      environment: { cpu: 'x', blas: null },
    };
    const { repo, commit: at } = made.recipe!.source;
    expect(makeProvenance({ ...input, environment: null })).toStrictEqual({
      _type: 'https://in-toto.io/Statement/v1',
      subject: [{ name: 'a', digest: { sha256: sha256Of('abc') }, annotations: { size: 3 } }],
      predicateType: 'https://slsa.dev/provenance/v1',
      predicate: {
        buildDefinition: {
          buildType: `urn:swp:build:mtp:${made.recipe!.conversion}`,
          externalParameters: { entry: 'foxlight/x', target: made.target.repo, recipe: made.recipe, recipeDigest: made.recipeDigest },
          internalParameters: { planDigest: DECISION.plan, decisions: [DECISION] },
          resolvedDependencies: [{ uri: `hf://models/${repo}@${at}`, digest: { gitCommit: at } }],
        },
        runDetails: { builder: { id: 'urn:swp:builder', version: { swp: '1' } } },
      },
    });
    const more = makeProvenance({ ...input, environment, proof: 'double-read' });
    expect(more.predicate.buildDefinition.internalParameters).toStrictEqual({
      planDigest: DECISION.plan,
      decisions: [DECISION],
      environment,
      proof: 'double-read',
    });
    expect(parseProvenance(provenanceText(more))).toStrictEqual(more);
    expect(manifestOf(more)).toStrictEqual(input.manifest);
  });

  const changed = (change: (value: Statement) => void): string => {
    const value = JSON.parse(text) as Statement;
    change(value);
    return JSON.stringify(value);
  };
  const environment = (cpu: string, blas: string): string =>
    changed(({ predicate }) => {
      predicate.buildDefinition.internalParameters['environment'] = { cpu, blas: { name: blas, sha256: 'a'.repeat(64) } };
    });
  const tools = (count: number): string =>
    changed(({ predicate }) => {
      predicate.runDetails.builder['version'] = Object.fromEntries(Array.from({ length: count }, (_, at) => [`tool-${at}`, '1']));
    });

  it.each([
    ['a hundred tools', tools(100)],
    ['names of 200 characters', environment('x'.repeat(200), 'y'.repeat(200))],
  ])('is accepted with %s', (_, statement) => {
    expect(() => parseProvenance(statement)).not.toThrow();
  });

  it.each([
    ['more tools', tools(101), 'at most 100 fields'],
    ['tools of another form', changed(({ predicate }) => (predicate.runDetails.builder['version'] = null)), 'at most 100 fields'],
    [
      'a tool without a version',
      changed(({ predicate }) => (predicate.runDetails.builder['version'] = { swp: 1 })),
      'version.swp: must be text',
    ],
    ['no file', changed((value) => (value.subject = [])), 'subject: must have an item'],
    ['a longer name of a processor', environment('x'.repeat(201), 'y'), 'environment.cpu: must have at most 200'],
    ['a longer name of a library', environment('x', 'y'.repeat(201)), 'environment.blas.name: must have at most 200'],
    ['bytes that are not text', Buffer.from([0x22, 0xff, 0x22]), 'is not JSON'],
    ['half of it', text.slice(0, -20), 'is not JSON'],
    ['too many lists', `[${'['.repeat(3_000_000)}`, 'more than 3000000'],
    ['too many fields', `{${'"a":1,'.repeat(3_000_000)}"a":1}`, 'more than 3000000'],
  ])('is refused with %s, and the error gives the reason', (_, statement, reason) => {
    expect(() => parseProvenance(statement)).toThrow(
      expect.objectContaining({ kind: 'integrity', code: 'plan/bad-provenance', message: expect.stringContaining(reason) }),
    );
  });
});
