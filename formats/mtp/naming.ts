import { SwpError } from '../../core/error.js';
import type { ModelConfig } from './model-config.js';
import { readMtpKey } from './keys.js';
import type { OutputTensor } from './tensors.js';

/** `source` keeps the source's names; `skulk` uses the names that Skulk's loader binds, if that loses nothing. */
export type MtpNames = 'skulk' | 'source';

/** Renames `model.layers.61.X` of a model of 61 layers to `mtp.0.X`; keeps every other name. */
const renameLayer = (name: string, config: ModelConfig): string => {
  const key = readMtpKey(name, config);
  return key?.layout === 'extra-layers' ? `mtp.${key.layer}.${key.tail}` : name;
};

/** Maximum number of experts, each of which becomes three tensors. */
const MAX_EXPERTS = 65_536;
const GATE_UP = /^(.*\.experts)\.gate_up_proj$/s;

/**
 * Returns the sizes of experts fused as `gate_up_proj` [E, 2I, H] and `down_proj` [E, H, I]; null if the shapes do not
 * match.
 */
const fusedExperts = (
  gateUp: OutputTensor,
  down: OutputTensor | undefined,
): { readonly experts: number; readonly inner: number; readonly hidden: number } | null => {
  const [experts, double, hidden] = gateUp.shape;
  if (down === undefined || gateUp.shape.length !== 3 || down.shape.length !== 3) return null;
  if (experts === undefined || double === undefined || hidden === undefined || double % 2 !== 0) return null;
  const inner = double / 2;
  if (experts > MAX_EXPERTS)
    throw new SwpError('invalid', 'formats/too-many-tensors', `${gateUp.name} holds ${experts} experts; no model has so many.`);
  const fits = down.shape[0] === experts && down.shape[1] === hidden && down.shape[2] === inner;
  return fits && experts > 0 && inner > 0 && hidden > 0 ? { experts, inner, hidden } : null;
};

const splitExperts = (
  prefix: string,
  gateUp: OutputTensor,
  down: OutputTensor,
  experts: number,
  inner: number,
  hidden: number,
): OutputTensor[] =>
  Array.from({ length: experts }, (_, expert) => {
    const name = (projection: string): string => `${prefix}.${expert}.${projection}_proj.weight`;
    const first = expert * 2 * inner;
    return [
      { ...gateUp, name: name('gate'), shape: [inner, hidden], part: { firstRow: first, rows: inner } },
      { ...gateUp, name: name('up'), shape: [inner, hidden], part: { firstRow: first + inner, rows: inner } },
      { ...down, name: name('down'), shape: [hidden, inner], part: { firstRow: expert * hidden, rows: hidden } },
    ];
  }).flat();

/** Splits fused experts into separate tensors, which Skulk's loader stacks. */
const unfuseExperts = (outputs: readonly OutputTensor[]): OutputTensor[] => {
  const byName = new Map(outputs.map((output) => [output.name, output]));
  const split = new Map<string, readonly OutputTensor[]>();
  for (const output of outputs) {
    const prefix = GATE_UP.exec(output.name)?.[1];
    if (prefix === undefined) continue;
    const down = byName.get(`${prefix}.down_proj`);
    const fused = fusedExperts(output, down);
    if (fused === null || down === undefined) continue;
    split.set(output.name, splitExperts(prefix, output, down, fused.experts, fused.inner, fused.hidden));
    split.set(down.name, []);
  }
  return outputs.flatMap((output) => split.get(output.name) ?? [output]);
};

/** Renames the outputs according to `names`. */
export const nameOutputs = (outputs: readonly OutputTensor[], names: MtpNames, config: ModelConfig): OutputTensor[] =>
  names === 'source' ? [...outputs] : unfuseExperts(outputs.map((output) => ({ ...output, name: renameLayer(output.name, config) })));
