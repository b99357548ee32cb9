import { randomUUID } from 'node:crypto';
import { open, rename } from 'node:fs/promises';

/** Writes a whole small file so that a crash leaves the old one or the new one, never half of either. */
export const writeAtomic = async (path: string, content: string | Uint8Array): Promise<void> => {
  const fresh = `${path}.${randomUUID()}.new`;
  const file = await open(fresh, 'wx', 0o600);
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(fresh, path);
};
