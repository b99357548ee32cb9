import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { JOURNAL } from '../../publish/build/mtp/extract-mtp.js';
import type { TestEnvironment } from './test-environment.js';

/** Lines that match, in the files of the scratch whose paths do. */
const linesIn = async (testEnvironment: TestEnvironment, paths: RegExp, lines: RegExp): Promise<number> => {
  const { root } = testEnvironment.layout();
  const found = (await readdir(root, { recursive: true })).filter((path) => paths.test(path));
  const texts = await Promise.all(found.map((path) => readFile(join(root, path), 'utf8')));
  return texts.flatMap((text) => text.split('\n')).filter((line) => lines.test(line)).length;
};

/** Pieces of heads that builds have written, as their journals say. */
export const slabsJournalled = (testEnvironment: TestEnvironment): Promise<number> =>
  linesIn(testEnvironment, new RegExp(`${JOURNAL}$`), /./);

/** Parts of uploads that arrived, as their journals say. */
export const partsJournalled = (testEnvironment: TestEnvironment): Promise<number> =>
  linesIn(testEnvironment, /uploads.*jsonl$/, /"kind":"sent"/);
