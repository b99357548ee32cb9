import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestEnvironment } from '../support/test-environment.js';

/** The worker's own records; every other file below a build or a seal is published. */
const RECORDS = new Set(['payload.json', 'manifest.json', 'blocks.json', 'environment.json']);

/** Flips one bit in the middle of every file that was sealed, as a failing disk may. */
export const changeSealed = async (testEnvironment: TestEnvironment): Promise<void> => {
  const { builds, sealed } = testEnvironment.layout();
  for (const root of [builds, sealed]) {
    const entries = await readdir(root, { recursive: true, withFileTypes: true }).catch(() => []);
    for (const entry of entries) {
      if (!entry.isFile() || RECORDS.has(entry.name)) continue;
      const file = await open(join(entry.parentPath, entry.name), 'r+');
      try {
        const middle = Math.floor((await file.stat()).size / 2);
        const byte = Buffer.alloc(1);
        await file.read(byte, 0, 1, middle);
        await file.write(Buffer.from([(byte[0] ?? 0) ^ 1]), 0, 1, middle);
      } finally {
        await file.close();
      }
    }
  }
};
