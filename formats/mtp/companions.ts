import type { Dtype } from '../dtype.js';
import type { DroppedTensor, SourceTensor } from './tensors.js';

/** The tensors that accompany a weight and define how to read it. */
export interface Companions {
  readonly scale: SourceTensor | null;
  /** ModelOpt's second scale, a multiplier. */
  readonly scale2: SourceTensor | null;
  /** The second scale of compressed-tensors, a divisor. */
  readonly globalScale: SourceTensor | null;
  readonly shape: SourceTensor | null;
  readonly zeroPoint: SourceTensor | null;
  readonly groupIndex: SourceTensor | null;
}

type Role = keyof Companions;

export interface WeightWithCompanions {
  readonly weight: SourceTensor;
  /** The name in the output: `X.weight_packed` becomes `X.weight`. */
  readonly outputName: string;
  readonly companions: Companions;
  /** Tensors that claim the same role; they are reported, and none is chosen. */
  readonly rivals: readonly string[];
}

export interface Paired {
  readonly weights: readonly WeightWithCompanions[];
  readonly dropped: readonly DroppedTensor[];
  /** Scales whose weight is missing. */
  readonly orphans: readonly SourceTensor[];
}

const NONE: Companions = { scale: null, scale2: null, globalScale: null, shape: null, zeroPoint: null, groupIndex: null };

/** Suffixes after the name of a module whose weight is `X.weight` or `X.weight_packed`. */
const OF_MODULE: readonly (readonly [suffix: string, role: Role])[] = [
  ['.weight_scale_inv', 'scale'],
  ['.weight_scale', 'scale'],
  ['.scale', 'scale'],
  ['.weight_scale_2', 'scale2'],
  ['.weight_global_scale', 'globalScale'],
  ['.weight_shape', 'shape'],
  ['.weight_zero_point', 'zeroPoint'],
  ['.weight_g_idx', 'groupIndex'],
];

/** Suffixes after the name of a weight that has no `.weight`: fused experts. */
const OF_PARAMETER: readonly (readonly [suffix: string, role: Role])[] = [
  ['_scale_inv', 'scale'],
  ['_scale', 'scale'],
  ['_scale_2', 'scale2'],
  ['_global_scale', 'globalScale'],
];

const ACTIVATION = /(?:(?:^|[._])input_(?:global_)?scale|(?:^|\.)[kvq]_scale)$/;

const STORED_CODES: ReadonlySet<Dtype> = new Set(['F8_E4M3', 'F8_E5M2', 'I8', 'U8', 'I32']);

const withoutSuffix = (name: string, suffix: string): string | null => (name.endsWith(suffix) ? name.slice(0, -suffix.length) : null);

/** Returns the weight that a tensor accompanies, and the tensor's role; based on names, if the weight is present. */
const partnerOf = (name: string, byName: ReadonlyMap<string, SourceTensor>): { readonly weight: string; readonly role: Role } | null => {
  for (const [suffix, role] of OF_MODULE) {
    const module = withoutSuffix(name, suffix);
    if (module === null) continue;
    for (const weight of [`${module}.weight`, `${module}.weight_packed`]) if (byName.has(weight)) return { weight, role };
  }
  for (const [suffix, role] of OF_PARAMETER) {
    const weight = withoutSuffix(name, suffix);
    const found = weight === null ? undefined : byName.get(weight);
    if (weight !== null && found !== undefined && STORED_CODES.has(found.dtype)) return { weight, role };
  }
  return null;
};

/** Checks for a name that only a companion has; a bare `.scale` can be an independent parameter. */
const isOrphan = (name: string): boolean =>
  OF_MODULE.some(([suffix]) => suffix !== '.scale' && name.endsWith(suffix)) || name.endsWith('_scale_inv');

/**
 * Separates weights from their companions. A tensor is a companion only if its weight is present; calibration of
 * activations is dropped by name, and a scale without its weight is an orphan.
 */
export const pairCompanions = (tensors: readonly SourceTensor[]): Paired => {
  const byName = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  const found = new Map<string, { companions: Companions; rivals: string[] }>();
  const dropped: DroppedTensor[] = [];
  const orphans: SourceTensor[] = [];
  const weights: SourceTensor[] = [];
  for (const tensor of tensors) {
    if (ACTIVATION.test(tensor.name)) {
      dropped.push({ tensor, reason: 'calibrates activations or caches, which decoding weights does not need' });
      continue;
    }
    const partner = partnerOf(tensor.name, byName);
    if (partner === null) {
      (isOrphan(tensor.name) ? orphans : weights).push(tensor);
      continue;
    }
    const known = found.get(partner.weight) ?? { companions: NONE, rivals: [] };
    const rival = known.companions[partner.role];
    found.set(partner.weight, {
      companions: { ...known.companions, [partner.role]: tensor },
      rivals: rival === null ? known.rivals : [...known.rivals, rival.name, tensor.name],
    });
  }
  return {
    weights: weights.map((weight) => ({
      weight,
      outputName: weight.name.replace(/\.weight_packed$/, '.weight'),
      companions: found.get(weight.name)?.companions ?? NONE,
      rivals: found.get(weight.name)?.rivals ?? [],
    })),
    dropped,
    orphans,
  };
};
