import type { Behaviour } from './behaviour.js';
import { LarqlError } from './failure.js';

const isLabels = (name: string): boolean => ['feature_labels.json', 'feature_clusters.jsonl', 'relation_clusters.json'].includes(name);
const isFeedForward = (name: string): boolean =>
  name.startsWith('interleaved') || ['up_weights.bin', 'down_weights.bin', 'up_features.bin', 'down_features.bin'].includes(name);

/** The parts of a vindex in larql's order, with the files of its root that belong to each. Layers have their own directory. */
const PARTS = {
  embed: (name: string) => name === 'embeddings.bin',
  norms: (name: string) => name === 'norms.bin',
  attn: (name: string) => name.startsWith('attn_weights'),
  gate: (name: string) => name === 'gate_vectors.bin' || name.startsWith('gate_vectors_'),
  down_meta: (name: string) => name.startsWith('down_meta.'),
  ffn: isFeedForward,
  expert_layers: () => false,
  lm_head: (name: string) => name.startsWith('lm_head'),
  router: (name: string) => name === 'router_weights.bin',
  tokenizer: (name: string) => name === 'tokenizer.json',
  manifest: (name: string) => name === 'weight_manifest.json',
  labels: isLabels,
  readme: (name: string) => name === 'README.md',
} as const;
export type Part = keyof typeof PARTS;

const isPart = (word: string): word is Part => word in PARTS;
const ORDER = Object.keys(PARTS).filter((word) => isPart(word));

const PRESETS: Readonly<Record<string, readonly Part[]>> = {
  client: ['embed', 'norms', 'attn', 'tokenizer', 'manifest', 'labels'],
  attn: ['norms', 'attn', 'manifest', 'labels'],
  embed: ['embed', 'tokenizer', 'labels'],
  server: ['embed', 'norms', 'gate', 'down_meta', 'ffn', 'tokenizer', 'manifest', 'labels'],
  browse: ['embed', 'gate', 'down_meta', 'tokenizer', 'labels', 'readme'],
  router: ['router', 'tokenizer', 'manifest', 'labels', 'readme'],
  'expert-server': ['embed', 'norms', 'ffn', 'expert_layers', 'tokenizer', 'manifest'],
  all: ORDER,
};

const PRESET_ALIASES: Readonly<Record<string, string>> = {
  attention: 'attn',
  'embed-server': 'embed',
  ffn: 'server',
  'ffn-service': 'server',
  expert_server: 'expert-server',
  'moe-server': 'expert-server',
};

const PART_ALIASES: Readonly<Record<string, Part>> = {
  embeddings: 'embed',
  norm: 'norms',
  attention: 'attn',
  gate_vectors: 'gate',
  gates: 'gate',
  meta: 'down_meta',
  interleaved: 'ffn',
  up_down: 'ffn',
  'expert-layers': 'expert_layers',
  layers: 'expert_layers',
  expert_weights: 'expert_layers',
  lmhead: 'lm_head',
  router_weights: 'router',
  tok: 'tokenizer',
  weight_manifest: 'manifest',
  clusters: 'labels',
};

export const presetWords = ({ expertServer }: Behaviour): string[] =>
  Object.keys(PRESETS).filter((word) => expertServer || word !== 'expert-server');

/** @throws LarqlError */
export const presetParts = (preset: string, behaviour: Behaviour): readonly Part[] => {
  const lower = preset.toLowerCase();
  const name = PRESET_ALIASES[lower] ?? lower;
  const known = presetWords(behaviour);
  const parts = known.includes(name) ? PRESETS[name] : undefined;
  if (parts === undefined) throw new LarqlError(`unknown preset '${lower}'. Expected: ${known.join(', ')}`);
  return parts;
};

/** @throws LarqlError */
export const parsePart = (word: string): Part => {
  const lower = word.trim().toLowerCase();
  const part = isPart(lower) ? lower : PART_ALIASES[lower];
  if (part === undefined) throw new LarqlError(`unknown part '${word}'. Run \`larql slice --help\` for valid names.`);
  return part;
};

/** Returns the parts without duplicates, in larql's order. */
export const sortParts = (parts: readonly Part[]): Part[] => ORDER.filter((part) => parts.includes(part));

export const belongs = (name: string, parts: readonly Part[]): boolean => parts.some((part) => PARTS[part](name));
