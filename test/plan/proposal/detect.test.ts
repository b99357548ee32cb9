import { describe, expect, it } from 'vitest';
import { generateGemma4 } from '../../../dev/checkpoint/gemma4.js';
import { generateCheckpoint } from '../../../dev/checkpoint/generate.js';
import { generateLlama } from '../../../dev/checkpoint/llama.js';
import { generateVision } from '../../../dev/checkpoint/vision.js';
import { RepoId } from '../../../core/ids.js';
import { assistantName } from '../../../plan/proposal/assistant.js';
import { detect, type Detected } from '../../../plan/proposal/detect.js';
import { file, tensors } from '../../formats/mtp/checkpoint.js';
import { FAMILY_CASES } from '../../formats/mtp/family-cases.js';
import { tinyMixtral, type TinyModel } from '../../formats/vindex/tiny-models.js';
import { factsOf, readFiles, readHeaders, source } from './checkpoint.js';

const headers = (repo: string, { config, tensors: all }: TinyModel) => readHeaders(repo, config, [file('model.safetensors', all)]);
const offers = (detected: Detected): string[] => (['vindex', 'mtp', 'vision', 'assistant'] as const).filter((part) => detected[part].found);
const reasons = (part: Detected[keyof Detected]): string => (part.found ? part.notes : part.reasons).join('\n');

describe('the detection in a synthetic checkpoint', () => {
  it('offers a vindex at q4k for a Llama', () => {
    const detected = detect(factsOf(readFiles('labs/llama', generateLlama({ seed: 1 }).files)));
    expect(offers(detected)).toEqual(['vindex']);
    expect(detected.vindex).toMatchObject({ value: { quant: 'q4k', slice: 'full', kind: 'dense' }, notes: [] });
  });

  it('offers a vindex for a sharded Llama', () => {
    expect(offers(detect(factsOf(readFiles('labs/llama', generateLlama({ seed: 1, shards: 3 }).files))))).toEqual(['vindex']);
  });

  it('offers a vindex for a Gemma 4 with experts, and mentions the expert-server slice', () => {
    const { vindex } = detect(factsOf(readFiles('labs/gemma', generateGemma4({ seed: 1 }).files)));
    expect(vindex).toMatchObject({ found: true, value: { quant: 'q4k', kind: 'hybrid' } });
    expect(reasons(vindex)).toContain('--slice expert-server');
  });

  it('offers the requested slice for a Gemma 4 with experts', () => {
    const facts = factsOf(readFiles('labs/gemma', generateGemma4({ seed: 1 }).files));
    expect(detect(facts, { slice: 'expert-server' }).vindex).toMatchObject({ found: true, value: { slice: 'expert-server' }, notes: [] });
  });

  it('offers no expert-server slice for a Llama, and suggests the full vindex', () => {
    const { vindex } = detect(factsOf(readFiles('labs/llama', generateLlama({ seed: 1 }).files)), { slice: 'expert-server' });
    expect(vindex.found).toBe(false);
    expect(reasons(vindex)).toContain('Publish the full vindex');
  });

  it('offers heads for a Qwen3.5, but no vindex', () => {
    const detected = detect(factsOf(readFiles('labs/qwen', generateCheckpoint({ seed: 1, size: 'small' }).files)));
    expect(offers(detected)).toEqual(['mtp']);
    expect(detected.mtp).toMatchObject({ value: { selection: { heads: 1, family: 'Qwen3-Next or Qwen3.5' } } });
    expect(reasons(detected.mtp)).toContain('qwen drafter');
    expect(reasons(detected.vindex)).toContain('tokenizer.json');
  });

  it('offers no heads for a Qwen3.5 without the heads that its config claims', () => {
    const { mtp } = detect(factsOf(readFiles('labs/qwen', generateCheckpoint({ seed: 1, size: 'small', withMtp: false }).files)));
    expect(reasons(mtp)).toContain('labs/qwen: The checkpoint has no MTP tensors under any known name. Its config claims 1');
  });

  it('offers only the mirror for a vision encoder', () => {
    expect(offers(detect(factsOf(readFiles('labs/eyes', generateVision({ seed: 1 }).files))))).toEqual(['vision']);
  });

  it('offers no vindex for a Llama in a dtype that larql ignores', () => {
    const quantised = generateLlama({ seed: 1, dtypeOf: (name) => (name.includes('down_proj') ? 'U32' : undefined) });
    expect(reasons(detect(factsOf(readFiles('labs/llama-4bit', quantised.files))).vindex)).toContain(
      'unquantised checkpoint as the source',
    );
  });
});

describe.each(FAMILY_CASES)('the family $family', ({ family, config, shapes, heads, warnings = [] }) => {
  const model = readHeaders('labs/family', config, [file('model.safetensors', tensors(shapes))]);

  it('has heads that are found', () => {
    expect(detect(factsOf(model)).mtp).toMatchObject({ found: true, value: { selection: { family, heads } } });
  });

  it('has its warnings in the notes', () => {
    const { mtp } = detect(factsOf(model));
    const expectedProblems = mtp.found ? mtp.value.selection.problems.filter(({ code }) => warnings.includes(code)) : [];
    expect(expectedProblems).toHaveLength(warnings.length);
    for (const { message } of expectedProblems) expect(reasons(mtp)).toContain(message);
  });
});

describe('heads', () => {
  const quantised = readFiles('mlx/qwen-4bit', generateCheckpoint({ seed: 1, size: 'small', withMtp: false }).files);
  const original = readFiles('labs/qwen', generateCheckpoint({ seed: 1, size: 'small' }).files);

  it('are taken from the base model when a quantised checkpoint has none', () => {
    const { mtp } = detect(factsOf(quantised, { heads: [quantised, original] }));
    expect(mtp).toMatchObject({ found: true, value: { source: { repo: 'labs/qwen' } } });
  });

  it('are taken from the model itself first', () => {
    const { mtp } = detect(
      factsOf(original, { heads: [original, readFiles('labs/other', generateCheckpoint({ seed: 2, size: 'small' }).files)] }),
    );
    expect(mtp).toMatchObject({ value: { source: { repo: 'labs/qwen' } } });
  });

  it('are not taken from another repository when those of the model cannot be read with certainty', () => {
    const strange = readHeaders('labs/strange', {}, [file('model.safetensors', tensors({ 'mtp.fc.weight': ['I32', 8, 8] }))]);
    const { mtp } = detect(factsOf(strange, { heads: [strange, original] }));
    expect(mtp.found).toBe(false);
    expect(reasons(mtp)).toContain('labs/strange: SWP cannot decode these tensors with certainty');
  });
});

describe('a pure mixture of experts', () => {
  it('is offered at quant none, with the reason against q4k', () => {
    const { vindex } = detect(factsOf(headers('labs/mixtral', tinyMixtral())));
    expect(vindex).toMatchObject({ found: true, value: { quant: 'none', kind: 'moe' } });
    expect(reasons(vindex)).toContain('Not possible with q4k: With quant q4k, larql does not write the experts');
  });

  it('is not offered at q4k, even on request', () => {
    const { vindex } = detect(factsOf(headers('labs/mixtral', tinyMixtral())), { quant: 'q4k' });
    expect(vindex.found).toBe(false);
    expect(reasons(vindex)).toContain('Set quant to none');
  });
});

describe('an assistant', () => {
  const gemma = readFiles('google/gemma-4-31B-it', generateGemma4({ seed: 1 }).files);
  const pointer = (config: unknown) => ({ repo: RepoId.parse('google/gemma-4-31B-it-assistant'), config });

  it('is expected only for a Gemma 4', () => {
    expect(assistantName(gemma)).toBe('google/gemma-4-31B-it-assistant');
    expect(assistantName(readFiles('labs/llama', generateLlama({ seed: 1 }).files))).toBeNull();
    expect(assistantName({ ...gemma, config: { model_type: 'gemma4_assistant' } })).toBeNull();
  });

  it('is offered when its config declares an assistant', () => {
    const { assistant } = detect(factsOf(gemma, { assistant: pointer({ model_type: 'gemma4_assistant' }) }));
    expect(assistant).toMatchObject({ found: true, value: { repo: 'google/gemma-4-31B-it-assistant' } });
  });

  it.each([[{ model_type: 'gemma4' }], [undefined], ['text'], [{ model_type: 7 }]])('is not offered when its config is %j', (config) => {
    expect(detect(factsOf(gemma, { assistant: pointer(config) })).assistant.found).toBe(false);
  });

  it('is not offered for a model with its own heads', () => {
    const qwen = readFiles('labs/qwen', generateCheckpoint({ seed: 1, size: 'small' }).files);
    const detected = detect(factsOf(qwen, { assistant: pointer({ model_type: 'gemma4_assistant' }) }));
    expect(offers(detected)).toEqual(['mtp']);
    expect(reasons(detected.assistant)).toContain('heads of its own');
  });

  it('is not itself a model to publish', () => {
    const { vindex } = detect(factsOf({ ...gemma, config: { model_type: 'gemma4_assistant' } }));
    expect(reasons(vindex)).toContain('Add the model that it drafts for');
  });
});

describe('a vision encoder', () => {
  const files = generateLlama({ seed: 1 }).files;
  const described = new Map(files);
  described.set('config.json', Buffer.from(JSON.stringify({ model_type: 'llama', vision_config: {}, num_hidden_layers: 2 })));
  const model = readFiles('labs/eyed', described);

  it('is requested when the config describes it and no file holds it', () => {
    expect(reasons(detect(factsOf(model)).vision)).toContain('--vision-source');
  });

  it('is mirrored when it is given, and the notes name a file that its loader would miss', () => {
    const named = source(
      'davehind/eyes',
      new Map([
        ['config.json', 10],
        ['a.safetensors', 10],
      ]),
    );
    const { vision } = detect(factsOf(model, { vision: named }));
    expect(vision).toMatchObject({ found: true, value: { repo: 'davehind/eyes' } });
    expect(reasons(vision)).toBe(
      "davehind/eyes has no model.safetensors in its root, which Skulk's loader requires in a vision repository.",
    );
  });

  it('needs no mirror when the files of the model contain it', () => {
    const own = readHeaders('labs/own', { vision_config: {} }, [
      file('model.safetensors', tensors({ 'model.visual.patch_embed.weight': ['BF16', 8], 'model.norm.weight': ['BF16', 8] })),
    ]);
    expect(reasons(detect(factsOf(own)).vision)).toContain('include its vision encoder');
  });
});

it.each([undefined, null, [], 'text', 7, { num_hidden_layers: -1 }, { text_config: [] }, { num_hidden_layers: 1e308, hidden_size: 'x' }])(
  'offers nothing, without an error, for a config of %j',
  (config) => {
    expect(offers(detect(factsOf(readHeaders('labs/strange', config, []))))).toEqual([]);
  },
);
