import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Reads the nearest `package.json` above this file; the build lies one level deeper than the sources. */
const readPackageJson = (): string => {
  for (let directory = dirname(fileURLToPath(import.meta.url)); directory !== dirname(directory); directory = dirname(directory)) {
    try {
      return readFileSync(join(directory, 'package.json'), 'utf8');
    } catch {
      // Not in this directory: try its parent.
    }
  }
  return '{"version":"unknown"}';
};

/** Returns SWP's own version from its `package.json`. */
export const swpVersion = (): string => {
  const parsed: unknown = JSON.parse(readPackageJson());
  return typeof parsed === 'object' && parsed !== null && 'version' in parsed ? String(parsed.version) : 'unknown';
};
