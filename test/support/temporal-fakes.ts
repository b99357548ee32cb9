import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';

/** Writes an executable shell script and returns its path. */
export const fakeProgram = async (file: string, script: string): Promise<string> => {
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return file;
};

/** Writes a program that reports itself as the Temporal CLI of this version. */
export const fakeCli = (file: string, version: string): Promise<string> =>
  fakeProgram(file, `echo "temporal version ${version} (Server 1.32.0, UI 2.54.1)"`);
