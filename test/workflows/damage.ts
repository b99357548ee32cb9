import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestEnvironment } from '../support/test-environment.js';

export const findInScratch = async (testEnvironment: TestEnvironment, below: 'builds' | 'sealed', name: string): Promise<string> => {
  const root = testEnvironment.layout()[below];
  const [path] = (await readdir(root, { recursive: true })).filter((found) => found.endsWith(name));
  return join(root, path!);
};

/** Flips a bit of a built or sealed file, as a bad disk would. */
export const damage = async (testEnvironment: TestEnvironment, below: 'builds' | 'sealed', name: string, offset: number): Promise<void> => {
  const file = await open(await findInScratch(testEnvironment, below, name), 'r+');
  const byte = Buffer.alloc(1);
  await file.read(byte, 0, 1, offset);
  byte[0]! ^= 1;
  await file.write(byte, 0, 1, offset);
  await file.close();
};

/** Holds the first exchange of an operation until `run` has finished. */
export const before = (testEnvironment: TestEnvironment, operation: 'lfs-batch', run: () => Promise<void>): void => {
  let seen = false;
  testEnvironment.hub.on((exchange) => {
    if (seen || exchange.operation !== operation) return undefined;
    seen = true;
    return { kind: 'hold', until: run() };
  });
};
