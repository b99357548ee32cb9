import { arch } from 'node:os';
import { afterEach, describe, expect, it } from 'vitest';
import { generateLlama } from '../../dev/checkpoint/llama.js';
import { parseProvenance } from '../../plan/provenance.js';
import { larqls, VindexEnvironment } from './vindex-environment.js';

const TIMEOUT_MS = 120_000;

let vindex: VindexEnvironment;
afterEach(() => vindex.close());

describe.each(larqls())('a vindex made by $name', (larql) => {
  it(
    'is published with a card and a provenance that records its recipe and build environment',
    async () => {
      vindex = await VindexEnvironment.open(generateLlama({ seed: 1 }).files, larql);
      const { plan, result } = await vindex.publish();
      expect(result).toMatchObject({ outcome: 'published' });
      const found = await vindex.published();
      const provenance = parseProvenance(found.get('provenance.json')!.toString());
      expect(provenance.predicate.buildDefinition.externalParameters.recipe).toMatchObject({
        kind: 'vindex',
        quant: 'q4k',
        slice: 'full',
        larql: { blocks: 'early' },
      });
      expect(new Set(provenance.subject.map(({ name }) => name))).toEqual(
        new Set([...found.keys()].filter((path) => path !== 'provenance.json' && path !== '.gitattributes')),
      );
      const index = JSON.parse(found.get('index.json')!.toString()) as { model: string; source: Record<string, string> };
      expect(index).toMatchObject({
        model: vindex.source,
        source: { huggingface_repo: vindex.source, huggingface_revision: await vindex.testEnvironment.hub.admin.head(vindex.source) },
      });
      expect(provenance.predicate.buildDefinition.internalParameters.environment).toMatchObject({
        cpu: expect.stringContaining(arch()),
        blas:
          larql.name === 'the stand-in' ? null : { name: expect.stringContaining('blas'), sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
      });
      expect(found.get('README.md')!.toString()).toContain('`hf download');
      expect(plan.artifacts[0]!.checks.filter(({ verdict }) => verdict !== 'ok')).toEqual([]);
    },
    TIMEOUT_MS,
  );
});
