import type { Behaviour } from './behaviour.js';
import { LarqlError } from './failure.js';
import { parseOptions, type CommandSyntax } from './options.js';
import { presetParts } from './slice-parts.js';
import { requireVindex } from './vindex/index-json.js';

export const PUBLISH: CommandSyntax = {
  command: 'larql publish',
  required: '--repo <REPO> <SOURCE>',
  positional: '<SOURCE>',
  flags: ['--no-full', '--dry-run', '--force-upload'],
  values: {
    '--repo': 'REPO*',
    '--full': 'FULL',
    '--slices': 'SLICES',
    '--slice-repo-template': 'SLICE_REPO_TEMPLATE',
    '--tmp-dir': 'TMP_DIR',
    '--collections': 'COLLECTIONS',
    '--repo-type': 'REPO_TYPE',
  },
  short: {},
};

const DEFAULT_SLICES = 'client,attn,embed,server,browse';

const slicesNamed = (words: string, behaviour: Behaviour): string[] => {
  if (words.toLowerCase() === 'none') return [];
  const slices = words.split(',').map((word) => word.trim());
  for (const name of slices) {
    try {
      presetParts(name, behaviour);
    } catch (error) {
      if (!(error instanceof LarqlError)) throw error;
      throw new LarqlError(`invalid slice preset '${name}': ${error.message}. Valid: client, attn, embed, server, browse, router, all`);
    }
  }
  return slices;
};

/**
 * Runs `larql publish --dry-run`, which shows the slices that this larql knows. The stand-in never uploads anything.
 *
 * @throws UsageError, LarqlError
 */
export const publish = (args: readonly string[], behaviour: Behaviour): string => {
  const { positional: source = '', flags, values } = parseOptions(args, PUBLISH);
  requireVindex(source);
  const repo = values.get('--repo') ?? '';
  const template = values.get('--slice-repo-template') ?? '{repo}-{preset}';
  const full = !flags.has('--no-full') && values.get('--full') !== 'false';
  const slices = slicesNamed(values.get('--slices') ?? DEFAULT_SLICES, behaviour);
  if (!full && slices.length === 0) throw new LarqlError('nothing to publish: `--no-full` requires at least one preset in `--slices`');
  if (!flags.has('--dry-run')) throw new LarqlError('The stand-in publishes nothing: only `--dry-run` is served.');
  const steps = slices.map((preset) => `  ${preset.padEnd(7)} → ${template.replace('{repo}', repo).replace('{preset}', preset)}`);
  if (full) steps.unshift(`  full    → ${repo}`);
  return [
    `Source:    ${source}`,
    `Upload plan (${steps.length} step(s)):`,
    ...steps,
    '\n(dry run — no repos created, no files uploaded)',
  ].join('\n');
};
