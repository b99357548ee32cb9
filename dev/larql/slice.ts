import { copyFileSync, existsSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Behaviour } from './behaviour.js';
import { LEVELS, type Level } from './extract-options.js';
import { LarqlError } from './failure.js';
import { fixed } from './fixed.js';
import { parseOptions, type CommandSyntax } from './options.js';
import type { Progress } from './progress.js';
import { belongs, sortParts, parsePart, presetParts, type Part } from './slice-parts.js';
import { readIndex, requireVindex, writeIndex } from './vindex/index-json.js';

export const SLICE: CommandSyntax = {
  command: 'larql slice',
  required: '--output <OUTPUT> <SOURCE>',
  positional: '<SOURCE>',
  flags: ['--force', '--dry-run'],
  values: { '--output': 'OUTPUT*', '--parts': 'PARTS', '--preset': 'PRESET' },
  short: { '-o': '--output' },
};

interface Copied {
  readonly name: string;
  readonly size: number;
}

const INDEX = 'index.json';

const humanSize = (bytes: number): string => {
  if (bytes >= 1024 ** 3) return `${fixed(bytes / 1024 ** 3, 2)} GB`;
  if (bytes >= 1024 ** 2) return `${fixed(bytes / 1024 ** 2, 1)} MB`;
  return bytes >= 1024 ? `${fixed(bytes / 1024, 1)} KB` : `${bytes} B`;
};

const filesIn = (directory: string, folder = ''): Copied[] =>
  (existsSync(join(directory, folder)) ? readdirSync(join(directory, folder), { withFileTypes: true }) : [])
    .filter((entry) => entry.isFile())
    .map(({ name }) => join(folder, name))
    .toSorted()
    .map((name) => ({ name, size: statSync(join(directory, name)).size }));

/** Returns the level of a vindex with these parts, never above the source's level. */
const levelOf = (parts: readonly Part[], source: Level): Level => {
  const attention = parts.includes('attn') && parts.includes('norms');
  const feedForward = attention && parts.includes('ffn');
  const made: Level = feedForward ? (parts.includes('lm_head') ? 'all' : 'inference') : attention ? 'attention' : 'browse';
  return LEVELS.indexOf(made) < LEVELS.indexOf(source) ? made : source;
};

const refuseBadPaths = (source: string, output: string, parts: readonly Part[], force: boolean): void => {
  if (parts.length === 0) throw new LarqlError('no parts selected. Pass `--parts a,b,c` or `--preset client|server|browse|router`.');
  if (existsSync(output) && !force) throw new LarqlError(`output path exists: ${output} (pass --force to overwrite)`);
  if (output === source) throw new LarqlError('--output must differ from source vindex');
};

const copy = (source: string, output: string, copied: readonly Copied[]): void => {
  rmSync(output, { recursive: true, force: true });
  mkdirSync(output, { recursive: true });
  for (const { name } of copied) {
    if (name.includes('/')) mkdirSync(join(output, 'layers'), { recursive: true });
    copyFileSync(join(source, name), join(output, name));
  }
};

/**
 * Runs `larql slice`: copies some files of a vindex to a new vindex. The checksums are copied unchanged, also those of files that
 * the slice does not contain.
 *
 * @throws UsageError, LarqlError
 */
export const slice = async (args: readonly string[], behaviour: Behaviour, progress: Progress): Promise<string> => {
  const { positional: source = '', flags, values } = parseOptions(args, SLICE);
  await progress.enter('start', 'slice');
  const output = values.get('--output') ?? '';
  const preset = values.get('--preset');
  requireVindex(source);
  const named = (values.get('--parts') ?? '').split(',').filter((word) => word !== '');
  const parts = sortParts([...(preset === undefined ? [] : presetParts(preset, behaviour)), ...named.map((word) => parsePart(word))]);
  refuseBadPaths(source, output, parts, flags.has('--force'));
  const root = filesIn(source);
  const kept = root.filter(({ name }) => name === INDEX || belongs(name, parts));
  const copied = [...kept, ...(parts.includes('expert_layers') ? filesIn(source, 'layers') : [])].toSorted((a, b) =>
    a.name < b.name ? -1 : 1,
  );
  const skipped = root.filter((file) => !kept.includes(file));
  const index = readIndex(source);
  const level = levelOf(parts, index.extract_level);
  const weights = parts.includes('ffn') || parts.includes('attn');
  const size = humanSize(copied.reduce((sum, file) => sum + file.size, 0));
  const dryRun = flags.has('--dry-run');
  if (!dryRun) {
    copy(source, output, copied);
    writeIndex(output, { ...index, extract_level: level, has_model_weights: weights });
  }
  return [
    `Source:         ${source}`,
    `Destination:    ${output}`,
    `Preset:         ${preset ?? '—'}`,
    `Parts:          ${parts.join(', ')}`,
    `Extract level:  ${index.extract_level} → ${level}`,
    `FFN weights:    ${weights ? 'present' : 'absent'}`,
    `\nCopying ${copied.length} file(s) — ${size}:`,
    ...copied.map((file) => `  ${file.name.padEnd(36)} ${humanSize(file.size).padStart(12)}`),
    ...(skipped.length === 0 ? [] : [`\nSkipping ${skipped.length} file(s):`, ...skipped.map(({ name }) => `  ${name}`)]),
    dryRun ? '\n(dry run — no files written)' : `\nWrote ${output} — ${size}`,
  ].join('\n');
};
