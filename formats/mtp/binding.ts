import type { OutputTensor } from './tensors.js';

/** What Skulk's loader makes of a sidecar: which drafter it binds, or why none. */
export type Binding = { readonly drafter: 'qwen' | 'deepseek' } | { readonly drafter: null; readonly reason: string };

/** Source: Skulk `drafters/builder.py`, `qwen_sidecar.py`, `deepseek_sidecar.py`. */
const FC = 'mtp.fc.weight';
const QWEN_KEYS = ['mtp.pre_fc_norm_hidden.weight', 'mtp.pre_fc_norm_embedding.weight', FC, 'mtp.norm.weight'] as const;
const isQwenKey = (name: string): boolean => QWEN_KEYS.some((key) => key === name);
const DEEPSEEK_PREFIXES = ['mtp.0.', 'model.mtp.0.'] as const;
const DEEPSEEK_KEYS = ['enorm.weight', 'hnorm.weight', 'eh_proj.weight'] as const;

const BLOCK = 'mtp.layers.0.';
const ATTENTION = ['q_proj', 'k_proj', 'v_proj', 'o_proj', 'q_norm', 'k_norm'].map((part) => `self_attn.${part}.weight`);
const NORMS = ['input_layernorm.weight', 'post_attention_layernorm.weight'];
const DENSE = ['gate', 'up', 'down'].map((part) => `mlp.${part}_proj.weight`);
const MOE = [
  'mlp.gate.weight',
  'mlp.shared_expert_gate.weight',
  ...['gate', 'up', 'down'].map((part) => `mlp.shared_expert.${part}_proj.weight`),
];
/** A projection of the dense MLP, of an expert or of the shared one. */
const MLP = /^(mlp\.(?:experts\.|shared_expert\.)?)(?:(\d+)\.)?(gate|up|down)_proj\.weight$/;
const EXPERT = /^mlp\.experts\.(\d+)\.(gate|up|down)_proj\.weight$/;

interface Block {
  readonly byName: ReadonlyMap<string, OutputTensor>;
  readonly hidden: number;
  readonly experts: number;
}

const hasSizes = (shape: readonly number[], sizes: readonly (number | null)[]): boolean =>
  shape.length === sizes.length && sizes.every((size, at) => size === null || size === shape[at]);

/** What the sizes of a weight of the block must be; null: any, which only the target's config could say. */
const sizesOf = (key: string, { byName, hidden, experts }: Block): readonly (number | null)[] => {
  if (key.endsWith('layernorm.weight')) return [hidden];
  if (key.endsWith('_norm.weight')) return [null];
  if (key === 'mlp.gate.weight') return [experts, hidden];
  if (key === 'mlp.shared_expert_gate.weight') return [1, hidden];
  const [, module, expert, projection] = MLP.exec(key) ?? [];
  if (module === undefined) return key === 'self_attn.o_proj.weight' ? [hidden, null] : [null, hidden];
  // Experts are stacked: all have the sizes of the first.
  const inner = byName.get(`${BLOCK}${module}${expert === undefined ? '' : '0.'}gate_proj.weight`)?.shape[0] ?? null;
  return projection === 'down' ? [hidden, inner] : [inner, hidden];
};

/** Weights that do not go with the hidden size or with each other, as `name [sizes]`. */
const misfits = (block: Block): string[] => {
  const { byName, hidden } = block;
  const strange = [...byName].filter(([name, { shape }]) => {
    if (name.startsWith(BLOCK)) return !hasSizes(shape, sizesOf(name.slice(BLOCK.length), block));
    return name !== FC && isQwenKey(name) && !hasSizes(shape, [hidden]);
  });
  return strange.map(([name, { shape }]) => `${name} [${shape.join(', ')}]`);
};

const no = (reason: string): Binding => ({ drafter: null, reason });

const first = (names: readonly string[]): string => `${names.slice(0, 3).join(', ')}${names.length > 3 ? ', …' : ''}`;

/** Experts are stacked from 0 without a gap, each with its three projections. */
const expertsComplete = (rest: readonly string[]): boolean => {
  const numbers = new Set(rest.flatMap((key) => EXPERT.exec(key)?.[1] ?? []));
  return (
    rest.length === numbers.size * 3 && [...numbers].every((number) => Number(number) < numbers.size && String(Number(number)) === number)
  );
};

/** The block is loaded strictly: no key may be missing, none may be extra. */
const bindQwen = (byName: ReadonlyMap<string, OutputTensor>): Binding => {
  const fc = byName.get(FC)?.shape ?? [];
  const [hidden = 0] = fc;
  if (!hasSizes(fc, [hidden, 2 * hidden])) return no(`${FC} is not [H, 2H]`);
  const block = [...byName.keys()].filter((name) => name.startsWith(BLOCK)).map((name) => name.slice(BLOCK.length));
  const moe = block.some((key) => EXPERT.test(key));
  const expected = new Set([...ATTENTION, ...NORMS, ...(moe ? MOE : DENSE)]);
  const missing = [...expected].filter((key) => !block.includes(key));
  if (missing.length > 0) return no(`its block lacks ${first(missing)}`);
  const extra = block.filter((key) => !expected.has(key) && !(moe && EXPERT.test(key)));
  if (extra.length > 0) return no(`its block has ${first(extra)}, which the loader refuses`);
  const experts = block.filter((key) => EXPERT.test(key));
  if (moe && !expertsComplete(experts)) return no('its experts have gaps');
  const misfit = misfits({ byName, hidden, experts: experts.length / 3 });
  return misfit.length === 0 ? { drafter: 'qwen' } : no(`with a hidden size of ${hidden} do not go ${first(misfit)}`);
};

/** Whether, and as what, Skulk's loader binds these tensors; by their names and shapes. */
export const bindingOf = (outputs: readonly OutputTensor[]): Binding => {
  const byName = new Map(outputs.map((output) => [output.name, output]));
  if (QWEN_KEYS.every((key) => byName.has(key))) return bindQwen(byName);
  if (DEEPSEEK_PREFIXES.some((prefix) => DEEPSEEK_KEYS.every((key) => byName.has(`${prefix}${key}`)))) return { drafter: 'deepseek' };
  return no("its keys are none of those that Skulk's two drafters look for");
};

/** Output heads that a family trained for drafting, which the DeepSeek drafter leaves aside for the trunk's. */
export const ignoredOutputHeads = (outputs: readonly OutputTensor[], binding: Binding): string[] =>
  binding.drafter === 'deepseek' ? outputs.map(({ name }) => name).filter((name) => /\.transformer\.shared_head\.output\b/.test(name)) : [];
