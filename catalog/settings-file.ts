import { z } from 'zod';
import { parseOrFaults } from '../core/faults.js';
import type { Problem } from './problem.js';
import { YamlDocument } from './yaml-document.js';

/** The namespace of the built-in entries; no other source may use it. */
export const FOXLIGHT = 'foxlight';

export const SourceLine = z.strictObject({
  name: z
    .string()
    .max(64)
    .regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, 'must be lower-case letters and digits, in words joined by hyphens')
    .refine((name) => name !== FOXLIGHT, `must not be ${FOXLIGHT}: the built-in entries use that namespace`)
    .describe('The namespace of this source: its entries are name/key.'),
  path: z.string().min(1).max(1024).describe('The source file, relative to this file.'),
});

/** `skulk-weights.yaml`: the operator's own catalog sources. */
export const SettingsFile = z.strictObject({
  sources: z.array(SourceLine).default([]),
  include_foxlight: z.boolean().default(true).describe('Set to false to leave out the built-in entries.'),
});

export interface OperatorSource {
  readonly name: string;
  readonly path: string;
  readonly problem: (message: string) => Problem;
}

export interface CatalogSettings {
  readonly sources: readonly OperatorSource[];
  readonly includeFoxlight: boolean;
}

const FILE_FIELDS = Object.keys(SettingsFile.shape);
const SOURCE_FIELDS = Object.keys(SourceLine.shape);

/** Parses `skulk-weights.yaml`; an empty file has no sources. */
export const parseSettingsFile = (
  file: string,
  text: string,
): { readonly settings: CatalogSettings; readonly problems: readonly Problem[] } => {
  const none: CatalogSettings = { sources: [], includeFoxlight: true };
  const { document, problems } = YamlDocument.parse(file, text);
  if (problems.length > 0) return { settings: none, problems };
  const parsed = parseOrFaults(SettingsFile, document.value ?? {}, (path) => (path.length === 0 ? FILE_FIELDS : SOURCE_FIELDS));
  if ('faults' in parsed) return { settings: none, problems: parsed.faults.map(({ path, message }) => document.problem(path, message)) };
  const seen = new Set<string>();
  const repeated = parsed.data.sources.flatMap(({ name }, index) => {
    if (!seen.has(name)) return seen.add(name) && [];
    return [document.problem(['sources', index, 'name'], `${name} is already used: every source needs its own name`)];
  });
  const sources = parsed.data.sources.map(({ name, path }, index) => ({
    name,
    path,
    problem: (message: string) => document.problem(['sources', index, 'path'], message),
  }));
  return { settings: { sources, includeFoxlight: parsed.data.include_foxlight }, problems: repeated };
};
