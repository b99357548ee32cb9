import { join } from 'node:path';
import type { Files } from '../../core/machine.js';
import type { ScratchLayout } from '../../publish/scratch/scratch-layout.js';

/** A scratch with sealed files. */
export interface SealedScratch {
  readonly files: Files;
  readonly layout: ScratchLayout;
}

/** The worker's own records; every other file below a build or a seal is published. */
const RECORDS = new Set(['payload.json', 'manifest.json', 'blocks.json', 'environment.json']);

/** Flips one bit in the middle of every file that was sealed, as a failing disk may. */
export const changeSealed = async ({ files, layout: { builds, sealed } }: SealedScratch): Promise<void> => {
  for (const root of [builds, sealed]) {
    const entries = await files.readdir(root, { recursive: true, withFileTypes: true }).catch(() => []);
    for (const entry of entries) {
      if (!entry.isFile() || RECORDS.has(entry.name)) continue;
      const file = await files.open(join(entry.parentPath, entry.name), 'r+');
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
