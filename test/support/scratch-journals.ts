import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { JOURNAL } from '../../publish/build/mtp/extract-mtp.js';
import type { TestEnvironment } from './test-environment.js';

/** Counts the matching lines in the scratch files whose paths match. */
const linesIn = async (testEnvironment: TestEnvironment, paths: RegExp, lines: RegExp): Promise<number> => {
  const { root } = testEnvironment.layout();
  const found = (await readdir(root, { recursive: true })).filter((path) => paths.test(path));
  const texts = await Promise.all(found.map((path) => readFile(join(root, path), 'utf8')));
  return texts.flatMap((text) => text.split('\n')).filter((line) => lines.test(line)).length;
};

/** Counts the slabs of heads that the journals of builds record. */
export const slabsJournalled = (testEnvironment: TestEnvironment): Promise<number> =>
  linesIn(testEnvironment, new RegExp(`${JOURNAL}$`), /./);

/** Counts the parts that the journals of uploads record as sent. */
export const partsJournalled = (testEnvironment: TestEnvironment): Promise<number> =>
  linesIn(testEnvironment, /uploads.*jsonl$/, /"kind":"sent"/);
