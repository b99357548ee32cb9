import { messageOf, SwpError } from '../../core/error.js';
import { checkChecksums, checkIndex } from './check-index.js';
import { checkDownMeta } from './check-down-meta.js';
import { checkExpertFile } from './check-experts.js';
import { checkFiles } from './check-files.js';
import { checkManifest } from './check-manifests.js';
import { DOWN_META, TOKENIZER } from './file-names.js';
import { INDEX_FILE, parseIndex } from './index-json.js';
import { MAX_JSON, readJson } from './json.js';
import type { VindexLayout } from './layout.js';
import { problem, type VindexProblem, type VindexReader } from './reading.js';

/**
 * Checks that a file is small enough to parse. Tokenizers of large vocabularies have tens of megabytes; larger ones are
 * not parsed.
 */
const isSmall = (size: number): boolean => size <= MAX_JSON;

/** Runs a check, and reports input that is not larql's JSON as a problem. */
const reportBadJson = async (path: string, check: () => Promise<VindexProblem[]>): Promise<VindexProblem[]> => {
  try {
    return await check();
  } catch (error) {
    if (error instanceof SwpError && error.code === 'formats/vindex-json') return [problem('bad-json', path, messageOf(error))];
    throw error;
  }
};

/**
 * Validates a vindex against its source: the files, their sizes and their metadata. larql exits successfully with
 * incomplete output, and its own `verify` checks few of the files. `compareNumbers` checks the numbers.
 *
 * @param repo the source's repository, which the vindex must name
 * @returns every problem that was found; empty for a complete vindex
 */
export const validateVindex = async (reader: VindexReader, layout: VindexLayout, repo: string): Promise<VindexProblem[]> => {
  const sizes = new Map(reader.files.map(({ path, size }) => [path, size]));
  const whole = async (path: string): Promise<Uint8Array> => {
    const size = sizes.get(path) ?? 0;
    if (!isSmall(size)) throw new SwpError('integrity', 'formats/vindex-json', `${path} has ${size} bytes; at most ${MAX_JSON} are read.`);
    return reader.read(path, 0, size);
  };
  const problems = checkFiles(reader, layout);
  if (sizes.has(INDEX_FILE))
    problems.push(
      ...(await reportBadJson(INDEX_FILE, async () => {
        const index = parseIndex(await whole(INDEX_FILE));
        return [...checkIndex(index, layout, repo), ...checkChecksums(index, reader, layout)];
      })),
    );
  for (const path of layout.manifests.keys())
    if (sizes.has(path)) problems.push(...(await reportBadJson(path, async () => checkManifest(path, await whole(path), layout, sizes))));
  const downMeta = layout.files.has(DOWN_META) ? sizes.get(DOWN_META) : undefined;
  if (downMeta !== undefined) problems.push(...(await checkDownMeta(reader, downMeta, layout)));
  for (const path of layout.expertFiles.values()) {
    const size = sizes.get(path);
    if (size !== undefined) problems.push(...(await checkExpertFile(reader, path, size, layout)));
  }
  const tokenizer = sizes.get(TOKENIZER);
  if (tokenizer !== undefined && isSmall(tokenizer))
    problems.push(
      ...(await reportBadJson(TOKENIZER, async () => {
        readJson(await whole(TOKENIZER), TOKENIZER);
        return [];
      })),
    );
  return problems;
};
