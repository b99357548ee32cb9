import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { extractOptions, type VindexQuant, type VindexSlice } from '../../../formats/vindex/extract-options.js';
import { describeSource } from '../../../formats/vindex/source-model.js';
import { configProblem, quantProblem, sourceProblems } from '../../../formats/vindex/source-problems.js';
import { changed, described, filesOf, placed, tinyGemma, tinyLlama, tinyMixtral, type TinyModel } from './tiny-models.js';

const found = (model: TinyModel, quant: VindexQuant = 'q4k', slice: VindexSlice = 'full', files = filesOf(model)): string[] =>
  sourceProblems(described(model, files), extractOptions(quant), slice).map(({ code, verdict }) => `${verdict} ${code}`);

const without = (model: TinyModel, pattern: RegExp): TinyModel => changed(model, ({ name }) => (pattern.test(name) ? null : {}));

describe('problems of a source', () => {
  it('are empty for models that larql extracts completely', () => {
    expect(found(tinyLlama())).toEqual([]);
    expect(found(tinyLlama('F16'), 'none')).toEqual([]);
    expect(found(tinyGemma())).toEqual([]);
    expect(found(tinyGemma(), 'q4k', 'expert-server')).toEqual([]);
    expect(found(tinyMixtral(), 'none')).toEqual([]);
  });

  it.each(['F8_E4M3', 'U32', 'I32', 'U8'] as const)('name tensors of dtype %s, which larql ignores', (dtype) => {
    const model = changed(tinyLlama(), ({ name }) => (name.includes('down_proj') ? { dtype } : {}));
    const problems = sourceProblems(
      described({ ...model, config: { ...model.config, quantization: { bits: 4 } } }),
      extractOptions('q4k'),
      'full',
    );
    expect(problems).toEqual([expect.objectContaining({ code: 'larql-dtype', verdict: 'blocked' })]);
    expect(problems[0]?.message).toContain(dtype);
    expect(problems[0]?.message).toContain('layers.0.mlp.down_proj.weight');
    expect(problems[0]?.message).toContain('4-bit');
  });

  it('recognise the packed names of GPTQ and AWQ', () => {
    const model = changed(tinyLlama(), ({ name }) =>
      name.includes('up_proj') ? { name: name.replace('weight', 'qweight'), dtype: 'I32' } : {},
    );
    expect(found(model)).toEqual(['blocked larql-dtype']);
  });

  it('name an embedding table that MLX quantised', () => {
    expect(found(changed(tinyLlama(), ({ name }) => (name.includes('embed') ? { dtype: 'U32' } : {})))).toEqual(['blocked larql-dtype']);
  });

  it('name embeddings and layers under a prefix that larql does not remove', () => {
    const model = changed(tinyLlama(), ({ name }) => ({ name: name.replace(/^model\./, 'model.language_model.') }));
    const [problem] = sourceProblems(described(model), extractOptions('q4k'), 'full');
    expect(problem).toMatchObject({ code: 'larql-missing', verdict: 'blocked' });
    expect(problem?.message).toMatch(/or stop/);
  });

  it.each([/q_proj/, /v_proj/, /mlp\.up_proj/, /input_layernorm/, /^model\.norm/])('name missing tensors: %s', (pattern) => {
    expect(found(without(tinyLlama(), pattern))).toEqual(['blocked larql-missing']);
  });

  it('forbid q4k on a pure mixture of experts, and an expert-server slice of it', () => {
    expect(found(tinyMixtral())).toEqual(['blocked larql-experts']);
    expect(found(tinyMixtral(), 'q4k', 'expert-server')).toEqual(['blocked larql-experts', 'blocked larql-expert-server']);
  });

  it('forbid a mixture of experts that larql treats as dense', () => {
    const model = tinyMixtral();
    expect(found({ ...model, config: { ...model.config, model_type: 'unheard_of' } }, 'none')).toContain('blocked larql-experts');
  });

  it('forbid an expert-server slice of a dense model, and of a hybrid at quant none', () => {
    expect(found(tinyLlama(), 'q4k', 'expert-server')).toEqual(['blocked larql-expert-server']);
    expect(found(tinyGemma(), 'none', 'expert-server')).toEqual(['blocked larql-expert-server', 'blocked larql-float-gemma']);
  });

  it('forbid latent attention', () => {
    const model = tinyLlama();
    expect(found({ ...model, config: { ...model.config, model_type: 'deepseek_v3', kv_lora_rank: 512 } })).toEqual(['blocked larql-mla']);
  });

  it('forbid experts that are not BF16, or of another shape', () => {
    const packed = /experts\.down_proj/;
    expect(found(changed(tinyGemma(), ({ name }) => (packed.test(name) ? { dtype: 'F16' } : {})))).toEqual(['blocked larql-dtype']);
    expect(found(changed(tinyGemma(), ({ name }) => (packed.test(name) ? { shape: [3, 256, 32] } : {})))).toEqual(['blocked larql-shape']);
  });

  it('forbid a missing tokenizer, and weights that are not safetensors', () => {
    const model = tinyLlama();
    expect(
      found(
        model,
        'q4k',
        'full',
        filesOf(model).filter(({ path }) => path !== 'tokenizer.json'),
      ),
    ).toEqual(['blocked larql-tokenizer']);
    expect(
      found(model, 'q4k', 'full', [
        { path: 'tokenizer.json', size: 1 },
        { path: 'model.gguf', size: 9 },
      ]),
    ).toContain('blocked larql-weights');
  });

  it('forbid an untied model without an output head, and accept a tied one', () => {
    const model = without(tinyLlama(), /lm_head/);
    expect(found({ ...model, config: { ...model.config, tie_word_embeddings: true } })).toEqual([]);
    expect(found({ ...model, config: { ...model.config, tie_word_embeddings: false } })).toEqual(['blocked larql-output-head']);
  });

  it('forbid a scalar of rank 0, which larql ignores', () => {
    const gemma = tinyGemma();
    const scalar = { name: 'model.language_model.layers.0.layer_scalar', dtype: 'BF16' as const };
    expect(found({ ...gemma, tensors: [...gemma.tensors, { ...scalar, shape: [1] }] })).toEqual([]);
    expect(found({ ...gemma, tensors: [...gemma.tensors, { ...scalar, shape: [] }] })).toEqual(['blocked larql-missing']);
  });

  it('warn of biases, which larql does not store', () => {
    const model = tinyLlama();
    const biases = [0, 1].map((layer) => ({ name: `model.layers.${layer}.self_attn.q_proj.bias`, dtype: 'F32' as const, shape: [64] }));
    const [problem] = sourceProblems(described({ ...model, tensors: [...model.tensors, ...biases] }), extractOptions('q4k'), 'full');
    expect(problem).toMatchObject({ code: 'larql-left-out', verdict: 'warn' });
    expect(problem?.message).toContain('self_attn.q_proj.bias (2)');
  });

  it('forbid a layer matrix that larql leaves out, such as a shared expert', () => {
    const model = tinyMixtral();
    const shared = { name: 'model.layers.0.mlp.shared_expert.up_proj.weight', dtype: 'BF16' as const, shape: [128, 64] };
    expect(found({ ...model, tensors: [...model.tensors, shared] }, 'none')).toEqual(['blocked larql-left-out']);
  });

  it('ignore layers after the last one, which are heads of another kind', () => {
    const model = tinyLlama();
    const head = { name: 'model.layers.2.eh_proj.weight', dtype: 'F32' as const, shape: [64, 128] };
    expect(found({ ...model, tensors: [...model.tensors, head] })).toEqual([]);
  });

  it('warn of a tensor in two files, and forbid two in one', () => {
    const model = tinyLlama();
    const duplicate = placed([{ name: 'norm.weight', dtype: 'F32', shape: [64] }]);
    expect(found(model, 'q4k', 'full', [...filesOf(model), { path: 'z.safetensors', size: 1_264, tensors: duplicate }])).toEqual([
      'warn larql-copies',
    ]);
    expect(found({ ...model, tensors: [...model.tensors, { name: 'norm.weight', dtype: 'F32', shape: [64] }] })).toEqual([
      'blocked larql-copies',
    ]);
  });

  it('forbid a quantisation that larql lacks', () => {
    expect(['q4k', 'none', 'q4_k', 'kquant', 'Q4K'].flatMap(quantProblem)).toEqual([]);
    expect(quantProblem('q8_0')).toEqual([expect.objectContaining({ code: 'larql-quant', verdict: 'blocked' })]);
  });
});

describe('a config', () => {
  it.each([
    [{ hidden_size: 64, num_hidden_layers: 2 }, /lacks/],
    [{ ...tinyLlama().config, num_key_value_heads: 3 }, /share/],
    [{ ...tinyLlama().config, num_hidden_layers: 0 }, /zero/],
    [{ ...tinyLlama().config, num_hidden_layers: 10_000, num_experts: 100_000 }, /experts in each/],
    [{ ...tinyLlama().config, layer_types: ['full_attention'] }, /layer_types/],
    [null, /not a JSON object/],
  ])('is refused when larql refuses it: %j', (config, message) => {
    const answer = describeSource(config, []);
    const faults = 'faults' in answer ? answer.faults : [];
    expect(configProblem(faults)).toMatchObject({ code: 'larql-config', verdict: 'blocked', message: expect.stringMatching(message) });
  });

  it('never causes an exception', () => {
    const base = tinyGemma();
    const text = base.config['text_config'] as object;
    fc.assert(
      fc.property(
        fc.constantFrom(...Object.keys(text)),
        fc.oneof(fc.jsonValue(), fc.nat(100)),
        fc.constantFrom<VindexQuant>('q4k', 'none'),
        (field, value, quant) => {
          const answer = describeSource({ ...base.config, text_config: { ...text, [field]: value } }, filesOf(base));
          if ('model' in answer) sourceProblems(answer.model, extractOptions(quant), 'full');
        },
      ),
    );
  });
});
