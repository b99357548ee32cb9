import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The directory that holds `package.json`: the same from sources and from the build, which lies one level deeper. */
const packageFile = (): string => {
  for (let directory = dirname(fileURLToPath(import.meta.url)); directory !== dirname(directory); directory = dirname(directory)) {
    try {
      return readFileSync(join(directory, 'package.json'), 'utf8');
    } catch {
      // Not here: one level up.
    }
  }
  return '{"version":"unknown"}';
};

/** SWP's own version, as its package says. */
export const swpVersion = (): string => {
  const parsed: unknown = JSON.parse(packageFile());
  return typeof parsed === 'object' && parsed !== null && 'version' in parsed ? String(parsed.version) : 'unknown';
};
