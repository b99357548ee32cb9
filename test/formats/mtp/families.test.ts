import { describe, expect, it } from 'vitest';
import { planMtpSidecar } from '../../../formats/mtp/selection.js';
import { file, tensors } from './checkpoint.js';
import { FAMILY_CASES } from './family-cases.js';

describe.each(FAMILY_CASES)('$family', ({ family, config, shapes, heads, skulk, drafter, warnings = [], dropped = [] }) => {
  const entries = tensors(shapes);
  const halves = [
    file(
      'a.safetensors',
      entries.filter((_, at) => at % 2 === 0),
    ),
    file(
      'b.safetensors',
      entries.filter((_, at) => at % 2 === 1),
    ),
  ];

  it('is recognised by its keys, in one file or in two', () => {
    const one = planMtpSidecar({ files: [file('model.safetensors', entries)], config });
    const two = planMtpSidecar({ files: halves, config });
    for (const selection of [one, two]) {
      expect(selection).toMatchObject({ family, heads, binding: { drafter: drafter ?? null } });
      expect(selection.outputs.map(({ name }) => name)).toEqual(skulk);
      expect(selection.dropped.map(({ tensor }) => tensor.name)).toEqual(dropped);
      expect(selection.problems.map(({ code }) => code).filter((code) => code !== 'not-bound')).toEqual(warnings);
    }
  });

  it('keeps the names of the source on request', () => {
    const { outputs, problems } = planMtpSidecar({ files: halves, config }, 'source');
    expect(problems.filter(({ severity }) => severity === 'blocked')).toEqual([]);
    for (const { name, source } of outputs) expect(name).toBe(source.name.replace(/\.weight_packed$/, '.weight'));
  });
});
