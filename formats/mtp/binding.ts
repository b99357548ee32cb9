import type { OutputTensor } from './tensors.js';

/** The drafter that Skulk's loader binds to a sidecar, or the reason why it binds none. */
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
/** Matches a projection of the dense MLP, of an expert or of the shared expert. */
const MLP = /^(mlp\.(?:experts\.|shared_expert\.)?)(?:(\d+)\.)?(gate|up|down)_proj\.weight$/;
const EXPERT = /^mlp\.experts\.(\d+)\.(gate|up|down)_proj\.weight$/;

interface Block {
  readonly byName: ReadonlyMap<string, OutputTensor>;
  readonly hidden: number;
  readonly experts: number;
}

const hasSizes = (shape: readonly number[], sizes: readonly (number | null)[]): boolean =>
  shape.length === sizes.length && sizes.every((size, at) => size === null || size === shape[at]);

/**
 * Returns the required sizes of a weight of the block; null allows any size, because only the target's config defines
 * it.
 */
const sizesOf = (key: string, { byName, hidden, experts }: Block): readonly (number | null)[] => {
  if (key.endsWith('layernorm.weight')) return [hidden];
  if (key.endsWith('_norm.weight')) return [null];
  if (key === 'mlp.gate.weight') return [experts, hidden];
  if (key === 'mlp.shared_expert_gate.weight') return [1, hidden];
  const [, module, expert, projection] = MLP.exec(key) ?? [];
  if (module === undefined) return key === 'self_attn.o_proj.weight' ? [hidden, null] : [null, hidden];
  // Experts are stacked, so all have the sizes of the first.
  const inner = byName.get(`${BLOCK}${module}${expert === undefined ? '' : '0.'}gate_proj.weight`)?.shape[0] ?? null;
  return projection === 'down' ? [hidden, inner] : [inner, hidden];
};

/** Returns the weights whose sizes do not match the hidden size or each other, as `name [sizes]`. */
const misfits = (block: Block): string[] => {
  const { byName, hidden } = block;
  const mismatched = [...byName].filter(([name, { shape }]) => {
    if (name.startsWith(BLOCK)) return !hasSizes(shape, sizesOf(name.slice(BLOCK.length), block));
    return name !== FC && isQwenKey(name) && !hasSizes(shape, [hidden]);
  });
  return mismatched.map(([name, { shape }]) => `${name} [${shape.join(', ')}]`);
};

const notBound = (reason: string): Binding => ({ drafter: null, reason });

const firstNames = (names: readonly string[]): string => `${names.slice(0, 3).join(', ')}${names.length > 3 ? ', …' : ''}`;

/** Checks that experts are numbered from 0 without a gap, each with its three projections. */
const expertsComplete = (rest: readonly string[]): boolean => {
  const numbers = new Set(rest.flatMap((key) => EXPERT.exec(key)?.[1] ?? []));
  return (
    rest.length === numbers.size * 3 && [...numbers].every((number) => Number(number) < numbers.size && String(Number(number)) === number)
  );
};

/** Binds the Qwen drafter. The loader is strict: no key of the block may be missing, and none may be extra. */
const bindQwen = (byName: ReadonlyMap<string, OutputTensor>): Binding => {
  const fc = byName.get(FC)?.shape ?? [];
  const [hidden = 0] = fc;
  if (!hasSizes(fc, [hidden, 2 * hidden])) return notBound(`${FC} is not [H, 2H]`);
  const block = [...byName.keys()].filter((name) => name.startsWith(BLOCK)).map((name) => name.slice(BLOCK.length));
  const moe = block.some((key) => EXPERT.test(key));
  const expected = new Set([...ATTENTION, ...NORMS, ...(moe ? MOE : DENSE)]);
  const missing = [...expected].filter((key) => !block.includes(key));
  if (missing.length > 0) return notBound(`its block lacks ${firstNames(missing)}`);
  const extra = block.filter((key) => !expected.has(key) && !(moe && EXPERT.test(key)));
  if (extra.length > 0) return notBound(`its block has ${firstNames(extra)}, which the loader refuses`);
  const experts = block.filter((key) => EXPERT.test(key));
  if (moe && !expertsComplete(experts)) return notBound('its experts have gaps');
  const misfit = misfits({ byName, hidden, experts: experts.length / 3 });
  return misfit.length === 0 ? { drafter: 'qwen' } : notBound(`these weights do not fit a hidden size of ${hidden}: ${firstNames(misfit)}`);
};

/** Determines from names and shapes which drafter Skulk's loader binds to these tensors. */
export const bindingOf = (outputs: readonly OutputTensor[]): Binding => {
  const byName = new Map(outputs.map((output) => [output.name, output]));
  if (QWEN_KEYS.every((key) => byName.has(key))) return bindQwen(byName);
  if (DEEPSEEK_PREFIXES.some((prefix) => DEEPSEEK_KEYS.every((key) => byName.has(`${prefix}${key}`)))) return { drafter: 'deepseek' };
  return notBound("its keys match neither of Skulk's two drafters");
};

/** Returns the output heads that a family trained for drafting: the DeepSeek drafter ignores them and uses the trunk's. */
export const ignoredOutputHeads = (outputs: readonly OutputTensor[], binding: Binding): string[] =>
  binding.drafter === 'deepseek' ? outputs.map(({ name }) => name).filter((name) => /\.transformer\.shared_head\.output\b/.test(name)) : [];
