import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import pMap from 'p-map';
import { SwpError } from '../../core/error.js';
import { Sha256 } from '../../core/ids.js';
import type { MtpSelection, SelectedTensor } from '../../formats/mtp/selection.js';
import { rangePlan, type FetchRange } from '../../formats/ranges.js';
import type { HubConfig } from '../../hub/config.js';
import { openFile, type RangeReader } from '../../hub/read/range.js';
import type { SourceFacts } from '../../plan/facts.js';

const RANGES_IN_FLIGHT = 4;
const HASH_BLOCK = 1024 * 1024;

interface Placement {
  readonly tensor: SelectedTensor;
  /** Where the tensor's first byte goes in the output. */
  readonly at: number;
}

/** Writes what a chunk of the source holds of each tensor to the tensor's place in the output. */
const writeChunk = async (output: FileHandle, placements: readonly Placement[], chunkBegin: number, chunk: Uint8Array): Promise<void> => {
  const chunkEnd = chunkBegin + chunk.byteLength;
  for (const { tensor, at } of placements) {
    const begin = Math.max(tensor.begin, chunkBegin);
    const end = Math.min(tensor.end, chunkEnd);
    if (begin < end) await output.write(chunk, begin - chunkBegin, end - begin, at + begin - tensor.begin);
  }
};

const copyRange = async (
  output: FileHandle,
  reader: RangeReader,
  range: FetchRange,
  placements: readonly Placement[],
  onBytes: (count: number) => void,
  signal: AbortSignal,
): Promise<void> => {
  let position = range.begin;
  const inside = placements.filter(({ tensor }) => tensor.begin < range.end && tensor.end > range.begin);
  for await (const chunk of reader.read(range.begin, range.end, signal)) {
    await writeChunk(output, inside, position, chunk);
    position += chunk.byteLength;
    onBytes(chunk.byteLength);
  }
  if (position !== range.end)
    throw new SwpError('unavailable', 'build/short-range', `${range.file}: the source ended at byte ${position} instead of ${range.end}.`);
};

/** SHA-256 of a whole file, read in order. */
export const hashFile = async (path: string, signal: AbortSignal): Promise<Sha256> => {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path, { highWaterMark: HASH_BLOCK }), hash, { signal });
  return Sha256.parse(hash.digest('hex'));
};

export interface ExtractRequest {
  readonly hub: HubConfig;
  readonly source: SourceFacts;
  readonly selection: MtpSelection;
  /** The file to write; it must not exist. */
  readonly path: string;
  readonly onProgress: (doneBytes: number, totalBytes: number) => void;
  readonly signal: AbortSignal;
}

/**
 * Reads the selected tensors by range from the pinned source and writes them, untouched, to their places in
 * one safetensors file. Memory does not grow with the model.
 *
 * @returns the SHA-256 of the file, from reading it back
 */
export const extractMtp = async ({ hub, source, selection, path, onProgress, signal }: ExtractRequest): Promise<Sha256> => {
  const { ranges, fetchBytes } = rangePlan(selection);
  const places = new Map(selection.layout.tensors.map((tensor) => [tensor.name, tensor.begin]));
  const placementsOf = (file: string): Placement[] =>
    selection.tensors
      .filter((tensor) => tensor.file === file)
      .map((tensor) => {
        const at = places.get(tensor.name);
        if (at === undefined) throw new SwpError('internal', 'build/no-place', `${tensor.name} has no place in the output.`);
        return { tensor, at };
      });
  const files = new Map(
    [...new Set(ranges.map((range) => range.file))].map((file) => [
      file,
      { placements: placementsOf(file), reader: readerOf(hub, source, file) },
    ]),
  );
  let done = 0;
  const output = await open(path, 'wx', 0o600);
  try {
    await output.truncate(selection.layout.size);
    await output.write(selection.layout.header, 0, selection.layout.header.byteLength, 0);
    await pMap(
      ranges,
      async (range) => {
        const file = files.get(range.file);
        if (file === undefined) return;
        await copyRange(output, file.reader, range, file.placements, (count) => onProgress((done += count), fetchBytes), signal);
      },
      { concurrency: RANGES_IN_FLIGHT, signal },
    );
    await output.sync();
  } finally {
    await output.close();
  }
  return hashFile(path, signal);
};

const readerOf = (hub: HubConfig, source: SourceFacts, path: string): RangeReader => {
  const file = source.files.find((found) => found.path === path);
  if (file === undefined) throw new SwpError('integrity', 'build/no-file', `${source.repo} at ${source.commit} lists no ${path}.`);
  return openFile(hub, { repo: source.repo, commit: source.commit, path, size: file.size, lfs: file.lfs });
};
