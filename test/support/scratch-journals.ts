import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { JOURNAL } from '../../publish/build/mtp/extract-mtp.js';
import type { Workshop } from './workshop.js';

/** Lines that match, in the files of the scratch whose paths do. */
const linesIn = async (workshop: Workshop, paths: RegExp, lines: RegExp): Promise<number> => {
  const { root } = workshop.layout();
  const found = (await readdir(root, { recursive: true })).filter((path) => paths.test(path));
  const texts = await Promise.all(found.map((path) => readFile(join(root, path), 'utf8')));
  return texts.flatMap((text) => text.split('\n')).filter((line) => lines.test(line)).length;
};

/** Pieces of heads that builds have written, as their journals say. */
export const slabsJournalled = (workshop: Workshop): Promise<number> => linesIn(workshop, new RegExp(`${JOURNAL}$`), /./);

/** Parts of uploads that arrived, as their journals say. */
export const partsJournalled = (workshop: Workshop): Promise<number> => linesIn(workshop, /uploads.*jsonl$/, /"kind":"sent"/);
