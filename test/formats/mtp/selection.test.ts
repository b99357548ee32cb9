import { describe, expect, it } from 'vitest';
import { readModelConfig } from '../../../formats/mtp/model-config.js';
import { planExtraction, planMtpSidecar } from '../../../formats/mtp/selection.js';
import type { TensorShape } from '../../../formats/safetensors/write.js';
import { file, tensors } from './checkpoint.js';

const bf16 = (name: string): TensorShape => ({ name, dtype: 'BF16', shape: [2, 2] });
const codes = (...args: Parameters<typeof planMtpSidecar>): string[] =>
  planMtpSidecar(...args)
    .problems.map(({ code, severity }) => `${severity} ${code}`)
    .filter((problem) => problem !== 'warn not-bound');

const A = file('a.safetensors', [bf16('model.x'), bf16('mtp.fc.weight'), bf16('model.not_mtp_here')]);
const B = file('b.safetensors', [{ name: 'mtp.layers.0.norm.weight', dtype: 'F32', shape: [2] }, bf16('language_model.mtp.norm')]);

describe('the selection of heads', () => {
  it('takes the keys of the namespace, with or without a prefix, sorted', () => {
    expect(planMtpSidecar({ files: [A, B] }).tensors.map(({ name, file: path }) => [name, path])).toEqual([
      ['language_model.mtp.norm', 'b.safetensors'],
      ['mtp.fc.weight', 'a.safetensors'],
      ['mtp.layers.0.norm.weight', 'b.safetensors'],
    ]);
  });

  it('does not depend on the order of the files', () => {
    expect(planMtpSidecar({ files: [B, A] })).toEqual(planMtpSidecar({ files: [A, B] }));
  });

  it('counts heads and needed bytes', () => {
    const selection = planMtpSidecar({
      files: [file('x.safetensors', [bf16('mtp.0.a'), bf16('mtp.1.a'), bf16('mtp.2.b')])],
      config: { num_nextn_predict_layers: 3 },
    });
    expect(selection.heads).toBe(3);
    expect(planExtraction(selection).fetch).toMatchObject({ neededBytes: 24, fetchBytes: 24 });
  });

  it.each([
    ['no heads', { files: [file('x.safetensors', [bf16('a')])] }, ['blocked none-found']],
    [
      'heads that only the config has',
      { files: [file('x.safetensors', [bf16('a')])], config: { num_mtp_modules: 3 } },
      ['blocked none-found'],
    ],
    ['a tensor in two files', { files: [A, { ...A, path: 'c.safetensors' }] }, ['blocked two-copies']],
    ['quantised numbers', { files: [file('x.safetensors', [{ name: 'mtp.a', dtype: 'F8_E4M3', shape: [2] }])] }, ['blocked undecodable']],
    [
      'an index that names missing files and tensors',
      {
        files: [A],
        index: {
          weightMap: new Map([
            ['mtp.fc.weight', 'a.safetensors'],
            ['mtp.gone', 'a.safetensors'],
            ['mtp.lost', 'z.safetensors'],
          ]),
        },
      },
      ['blocked missing-file', 'blocked missing-tensor'],
    ],
    ['a config that claims more heads', { files: [A], config: { text_config: { mtp_num_hidden_layers: 2 } } }, ['warn head-count']],
    ['a gap between heads', { files: [file('x.safetensors', [bf16('mtp.0.a'), bf16('mtp.2.a')])] }, ['warn head-gap']],
    [
      'two layouts in one checkpoint',
      { files: [file('x.safetensors', [bf16('mtp.0.a'), bf16('model.layers.4.b')])], config: { num_hidden_layers: 4 } },
      ['warn mixed-layouts'],
    ],
    [
      'two tensors that would get one name',
      { files: [file('x.safetensors', [bf16('mtp.0.a'), bf16('model.layers.4.a')])], config: { num_hidden_layers: 4 } },
      ['blocked two-sources', 'warn mixed-layouts'],
    ],
    [
      'a scale without its weight',
      { files: [file('x.safetensors', tensors({ 'mtp.0.a.weight_scale_inv': ['F32', 1, 1], 'mtp.0.b': ['BF16', 2] }))] },
      ['blocked orphan-scale'],
    ],
  ])('reports %s', (_, checkpoint, expected) => {
    expect(codes(checkpoint)).toEqual(expected);
  });
});

it.each([
  [{ num_nextn_predict_layers: 1 }, 1],
  [{ num_nextn_predict_layers: null, text_config: { mtp_num_hidden_layers: 1 } }, 1],
  [{ num_nextn_predict_layers: 0, text_config: { num_nextn_predict_layers: 2 } }, 2],
  [{ llm_config: { num_mtp_modules: 3 } }, 3],
  [{ thinker_config: { text_config: { num_mtp_modules: 3 } } }, 3],
  [{ mtp_config: { num_nextn_predict_layers: 1 } }, 1],
  [{ num_nextn_predict_layers: 0 }, 0],
  [{ num_nextn_predict_layers: -1, mtp_num_hidden_layers: 'x' }, null],
  [{ text_config: [] }, null],
  ['text', null],
  [null, null],
])('config %j claims %s heads', (config, heads) => {
  expect(readModelConfig(config).claimedHeads).toBe(heads);
});

describe('shapes that no model has', () => {
  const planned = (shapes: Parameters<typeof tensors>[0]) => {
    const selection = planMtpSidecar({
      files: [file('x.safetensors', tensors(shapes))],
      config: { quantization_config: { quant_method: 'fp8' } },
    });
    expect(selection.outputs).toHaveLength(1);
    return () => planExtraction(selection);
  };

  it('are refused when every number is a separate matrix', () => {
    const cut = planned({ 'mtp.0.a.weight': ['F8_E4M3', 2 ** 20, 1, 1], 'mtp.0.a.weight_scale': ['F32', 2 ** 20, 1, 1] });
    expect(cut).toThrow(expect.objectContaining({ code: 'formats/too-many-slabs', message: expect.stringContaining('1048576') }));
  });

  it.each([
    ['rows too long for a slab', 2, 2 ** 26],
    ['rows that fill a slab with scales', 64, 2 ** 18],
  ])('are refused for %s that share their scales', (_, rows, columns) => {
    const cut = planned({ 'mtp.0.a.weight': ['F8_E4M3', rows, columns], 'mtp.0.a.weight_scale': ['F32', 1, columns] });
    expect(cut).toThrow(expect.objectContaining({ code: 'formats/scales-read-again' }));
  });
});
