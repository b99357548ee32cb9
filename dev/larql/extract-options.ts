import type { Behaviour } from './behaviour.js';
import { parseOptions, usageError, type CommandSyntax } from './options.js';

export const EXTRACT: CommandSyntax = {
  command: 'larql extract',
  required: '--output <OUTPUT> [MODEL]',
  positional: '[MODEL]',
  flags: ['--include-weights', '--f32', '--compact', '--drop-gate-vectors', '--down-q4k', '--feature-major-down', '--resume'],
  values: {
    '--output': 'OUTPUT*',
    '--from-vectors': 'FROM_VECTORS',
    '--down-top-k': 'DOWN_TOP_K',
    '--summary-features-per-expert': 'SUMMARY_FEATURES_PER_EXPERT',
    '--level': 'LEVEL',
    '--quant': 'QUANT',
  },
  short: { '-o': '--output' },
};

/** Each level includes everything of the levels before it. */
export const LEVELS = ['browse', 'attention', 'inference', 'all'] as const;
export type Level = (typeof LEVELS)[number];
const LEVEL_ALIASES: Readonly<Record<string, Level>> = { attn: 'attention', infer: 'inference' };

export const reaches = (level: Level, wanted: Level): boolean => LEVELS.indexOf(level) >= LEVELS.indexOf(wanted);

export interface ExtractOptions {
  readonly model: string | undefined;
  readonly output: string;
  readonly fromVectors: string | undefined;
  readonly topK: number;
  readonly level: Level;
  readonly quantised: boolean;
  readonly dtype: 'f16' | 'f32';
  readonly compact: boolean;
  readonly dropsGate: boolean;
  readonly downQ4K: boolean;
  readonly featureMajorDown: boolean;
}

const readLevel = (word: string): Level => {
  const lower = word.toLowerCase();
  const level = LEVELS.find((known) => known === lower) ?? LEVEL_ALIASES[lower];
  if (level !== undefined) return level;
  throw usageError(
    `invalid value '${word}' for '--level <LEVEL>': unknown extract level: ${word} (expected: browse, attention, inference, all)`,
  );
};

/** Returns the words that `--quant` takes, as larql lists them. larql also takes `q4_k` for `q4k`. */
export const quantWords = ({ quantises, names }: Behaviour): string[] => [
  'none',
  ...(quantises ? ['q4k'] : []),
  ...(quantises && names === 'kquant' ? ['kquant'] : []),
];

const isQuantised = (word: string, behaviour: Behaviour): boolean => {
  const lower = word.toLowerCase().replace('q4_k', 'q4k');
  const known = quantWords(behaviour);
  if (known.includes(lower) || lower === '') return lower !== 'none' && lower !== '';
  throw usageError(`invalid value '${word}' for '--quant <QUANT>': unknown quant format: ${word} (expected: ${known.join(', ')})`);
};

const readCount = (word: string, option: string): number => {
  if (/^\d+$/.test(word)) return Number(word);
  throw usageError(`invalid value '${word}' for '${option}': invalid digit found in string`);
};

/** @throws UsageError */
export const parseExtract = (args: readonly string[], behaviour: Behaviour): ExtractOptions => {
  const { positional, flags, values } = parseOptions(args, EXTRACT);
  const level = readLevel(values.get('--level') ?? 'inference');
  const quantised = isQuantised(values.get('--quant') ?? 'none', behaviour);
  return {
    model: positional,
    output: values.get('--output') ?? '',
    fromVectors: values.get('--from-vectors'),
    topK: readCount(values.get('--down-top-k') ?? '10', '--down-top-k <DOWN_TOP_K>'),
    level: flags.has('--include-weights') ? 'all' : level,
    quantised,
    dtype: flags.has('--f32') && !quantised ? 'f32' : 'f16',
    compact: flags.has('--compact'),
    dropsGate: flags.has('--drop-gate-vectors'),
    downQ4K: flags.has('--down-q4k'),
    featureMajorDown: flags.has('--feature-major-down'),
  };
};
