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
import { alone, readFiles, readHeaders, source } from './checkpoint.js';

const headers = (repo: string, { config, tensors: all }: TinyModel) => readHeaders(repo, config, [file('model.safetensors', all)]);
const offers = (detected: Detected): string[] => (['vindex', 'mtp', 'vision', 'assistant'] as const).filter((part) => detected[part].found);
const reasons = (part: Detected[keyof Detected]): string => (part.found ? part.notes : part.reasons).join('\n');

describe('of a synthetic checkpoint', () => {
  it('a Llama offers a vindex, at q4k', () => {
    const detected = detect(alone(readFiles('labs/llama', generateLlama({ seed: 1 }).files)));
    expect(offers(detected)).toEqual(['vindex']);
    expect(detected.vindex).toMatchObject({ what: { quant: 'q4k', slice: 'full', kind: 'dense' }, notes: [] });
  });

  it('a Llama in shards offers the same', () => {
    expect(offers(detect(alone(readFiles('labs/llama', generateLlama({ seed: 1, shards: 3 }).files))))).toEqual(['vindex']);
  });

  it('a Gemma 4 with experts offers a vindex, and says that its experts can be sliced off', () => {
    const { vindex } = detect(alone(readFiles('labs/gemma', generateGemma4({ seed: 1, allNorms: true }).files)));
    expect(vindex).toMatchObject({ found: true, what: { quant: 'q4k', kind: 'hybrid' } });
    expect(reasons(vindex)).toContain('--slice expert-server');
  });

  it('a Gemma 4 with experts offers the slice that is asked for', () => {
    const facts = alone(readFiles('labs/gemma', generateGemma4({ seed: 1, allNorms: true }).files));
    expect(detect(facts, { slice: 'expert-server' }).vindex).toMatchObject({ found: true, what: { slice: 'expert-server' }, notes: [] });
  });

  it('a Llama offers no expert-server slice, and the reason names the way out', () => {
    const { vindex } = detect(alone(readFiles('labs/llama', generateLlama({ seed: 1 }).files)), { slice: 'expert-server' });
    expect(vindex.found).toBe(false);
    expect(reasons(vindex)).toContain('Publish the full vindex');
  });

  it('a Qwen3.5 offers its heads, and no vindex, of which larql would find no tensor', () => {
    const detected = detect(alone(readFiles('labs/qwen', generateCheckpoint({ seed: 1, size: 'small' }).files)));
    expect(offers(detected)).toEqual(['mtp']);
    expect(detected.mtp).toMatchObject({ what: { selection: { heads: 1, family: 'Qwen3-Next or Qwen3.5' } } });
    expect(reasons(detected.mtp)).toContain('qwen drafter');
    expect(reasons(detected.vindex)).toContain('tokenizer.json');
  });

  it('a Qwen3.5 whose config claims heads that are not there offers none', () => {
    const { mtp } = detect(alone(readFiles('labs/qwen', generateCheckpoint({ seed: 1, size: 'small', withMtp: false }).files)));
    expect(reasons(mtp)).toContain(
      'labs/qwen: The checkpoint has no MTP tensors, under any of the names that heads are known by. Its config claims 1',
    );
  });

  it('a vision encoder offers its mirror and nothing else', () => {
    expect(offers(detect(alone(readFiles('labs/eyes', generateVision({ seed: 1 }).files))))).toEqual(['vision']);
  });

  it('a Llama in a dtype that larql passes over offers no vindex', () => {
    const quantised = generateLlama({ seed: 1, dtypeOf: (name) => (name.includes('down_proj') ? 'U32' : undefined) });
    expect(reasons(detect(alone(readFiles('labs/llama-4bit', quantised.files))).vindex)).toContain('unquantised checkpoint as the source');
  });
});

describe.each(FAMILY_CASES)('of $family', ({ family, config, shapes, heads, warnings = [] }) => {
  const model = readHeaders('labs/family', config, [file('model.safetensors', tensors(shapes))]);

  it('the heads are found', () => {
    expect(detect(alone(model)).mtp).toMatchObject({ found: true, what: { selection: { family, heads } } });
  });

  it('every warning is passed on', () => {
    const { mtp } = detect(alone(model));
    const said = mtp.found ? mtp.what.selection.problems.filter(({ code }) => warnings.includes(code)) : [];
    expect(said).toHaveLength(warnings.length);
    for (const { message } of said) expect(reasons(mtp)).toContain(message);
  });
});

describe('heads', () => {
  const quantised = readFiles('mlx/qwen-4bit', generateCheckpoint({ seed: 1, size: 'small', withMtp: false }).files);
  const original = readFiles('labs/qwen', generateCheckpoint({ seed: 1, size: 'small' }).files);

  it('that a quantised checkpoint dropped are found where it came from', () => {
    const { mtp } = detect(alone(quantised, { heads: [quantised, original] }));
    expect(mtp).toMatchObject({ found: true, what: { source: { repo: 'labs/qwen' } } });
  });

  it('of the model itself come first', () => {
    const { mtp } = detect(
      alone(original, { heads: [original, readFiles('labs/other', generateCheckpoint({ seed: 2, size: 'small' }).files)] }),
    );
    expect(mtp).toMatchObject({ what: { source: { repo: 'labs/qwen' } } });
  });

  it('that cannot be read with certainty are not replaced by those of another repository', () => {
    const strange = readHeaders('labs/strange', {}, [file('model.safetensors', tensors({ 'mtp.fc.weight': ['I32', 8, 8] }))]);
    const { mtp } = detect(alone(strange, { heads: [strange, original] }));
    expect(mtp.found).toBe(false);
    expect(reasons(mtp)).toContain('labs/strange: Tensors that cannot be read with certainty');
  });
});

describe('a pure mixture of experts', () => {
  it('is offered at quant none, with the reason why not at q4k', () => {
    const { vindex } = detect(alone(headers('labs/mixtral', tinyMixtral())));
    expect(vindex).toMatchObject({ found: true, what: { quant: 'none', kind: 'moe' } });
    expect(reasons(vindex)).toContain('Not at q4k: At quant q4k larql writes no experts');
  });

  it('is not offered at q4k, even when asked', () => {
    const { vindex } = detect(alone(headers('labs/mixtral', tinyMixtral())), { quant: 'q4k' });
    expect(vindex.found).toBe(false);
    expect(reasons(vindex)).toContain('Set quant to none');
  });
});

describe('an assistant', () => {
  const gemma = readFiles('google/gemma-4-31B-it', generateGemma4({ seed: 1, allNorms: true }).files);
  const pointer = (config: unknown) => ({ repo: RepoId.parse('google/gemma-4-31B-it-assistant'), config });

  it('is looked for beside a Gemma 4 alone', () => {
    expect(assistantName(gemma)).toBe('google/gemma-4-31B-it-assistant');
    expect(assistantName(readFiles('labs/llama', generateLlama({ seed: 1 }).files))).toBeNull();
    expect(assistantName({ ...gemma, config: { model_type: 'gemma4_assistant' } })).toBeNull();
  });

  it('is pointed to when its config says that it is one', () => {
    const { assistant } = detect(alone(gemma, { assistant: pointer({ model_type: 'gemma4_assistant' }) }));
    expect(assistant).toMatchObject({ found: true, what: { repo: 'google/gemma-4-31B-it-assistant' } });
  });

  it.each([[{ model_type: 'gemma4' }], [undefined], ['text'], [{ model_type: 7 }]])('is not believed of a config such as %j', (config) => {
    expect(detect(alone(gemma, { assistant: pointer(config) })).assistant.found).toBe(false);
  });

  it('is not pointed to by a model with heads of its own', () => {
    const qwen = readFiles('labs/qwen', generateCheckpoint({ seed: 1, size: 'small' }).files);
    const detected = detect(alone(qwen, { assistant: pointer({ model_type: 'gemma4_assistant' }) }));
    expect(offers(detected)).toEqual(['mtp']);
    expect(reasons(detected.assistant)).toContain('heads of its own');
  });

  it('is itself no model to publish', () => {
    const { vindex } = detect(alone({ ...gemma, config: { model_type: 'gemma4_assistant' } }));
    expect(reasons(vindex)).toContain('add the model that it drafts for');
  });
});

describe('a vision encoder', () => {
  const files = generateLlama({ seed: 1 }).files;
  const described = new Map(files);
  described.set('config.json', Buffer.from(JSON.stringify({ model_type: 'llama', vision_config: {}, num_hidden_layers: 2 })));
  const model = readFiles('labs/eyed', described);

  it('that the config describes and no file holds is asked for', () => {
    expect(reasons(detect(alone(model)).vision)).toContain('--vision-source');
  });

  it('that somebody named is mirrored, and what its loader would miss is said', () => {
    const named = source(
      'davehind/eyes',
      new Map([
        ['config.json', 10],
        ['a.safetensors', 10],
      ]),
    );
    const { vision } = detect(alone(model, { vision: named }));
    expect(vision).toMatchObject({ found: true, what: { repo: 'davehind/eyes' } });
    expect(reasons(vision)).toBe(
      "davehind/eyes has no model.safetensors in its root, which Skulk's loader asks for in a vision repository.",
    );
  });

  it('in the files of its model needs no mirror', () => {
    const own = readHeaders('labs/own', { vision_config: {} }, [
      file('model.safetensors', tensors({ 'model.visual.patch_embed.weight': ['BF16', 8], 'model.norm.weight': ['BF16', 8] })),
    ]);
    expect(reasons(detect(alone(own)).vision)).toContain('lies in its own files');
  });
});

it.each([undefined, null, [], 'text', 7, { num_hidden_layers: -1 }, { text_config: [] }, { num_hidden_layers: 1e308, hidden_size: 'x' }])(
  'a config of %j is no reason to fail: nothing is offered',
  (config) => {
    expect(offers(detect(alone(readHeaders('labs/strange', config, []))))).toEqual([]);
  },
);
