import type { FileHandle } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { SwpError } from '../core/error.js';
import { digestFile, type FileDigests } from '../core/file-digests.js';
import type { Files, Machine } from '../core/machine.js';
import { compareBytes } from '../core/text.js';
import type { VindexFile, VindexReader } from '../formats/vindex/reading.js';

/** More entries than any vindex has; also stops at links that form a cycle. */
const MAX_FILES = 100_000;

const listFiles = async (files: Files, directory: string): Promise<VindexFile[]> => {
  const entries = await files.readdir(directory, { recursive: true, withFileTypes: true });
  const unexpected = entries.find((entry) => !entry.isFile() && !entry.isDirectory());
  if (unexpected !== undefined || entries.length > MAX_FILES)
    throw new SwpError(
      'integrity',
      'larql/odd-output',
      `The output of larql contains something that is not a regular file: ${unexpected?.name ?? 'too many files'}.`,
    );
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const sized = await Promise.all(
    paths.map(async (path) => {
      const file = await files.open(path);
      try {
        return { path: relative(directory, path), size: (await file.stat()).size };
      } finally {
        await file.close();
      }
    }),
  );
  return sized.toSorted((a, b) => compareBytes(a.path, b.path));
};

/** Reads byte ranges of the files in a directory. */
export class DirectoryReader {
  private readonly handles = new Map<string, Promise<FileHandle>>();

  constructor(
    private readonly files: Files,
    private readonly directory: string,
  ) {}

  readonly read = async (path: string, begin: number, end: number): Promise<Uint8Array> => {
    const opened = this.handles.get(path) ?? this.files.open(join(this.directory, path));
    this.handles.set(path, opened);
    const file = await opened;
    const buffer = Buffer.alloc(end - begin);
    const { bytesRead } = await file.read(buffer, 0, buffer.byteLength, begin);
    if (bytesRead !== buffer.byteLength)
      throw new SwpError('integrity', 'larql/short-file', `${path} is too short: bytes ${begin} to ${end} are missing.`);
    return buffer;
  };

  async close(): Promise<void> {
    const opened = await Promise.allSettled(this.handles.values());
    this.handles.clear();
    for (const handle of opened) if (handle.status === 'fulfilled') await handle.value.close();
  }
}

export interface OpenVindexOptions {
  readonly signal: AbortSignal;
  readonly onBytes?: (bytes: number, file: string) => void;
  /** A file in the directory that does not belong to the vindex. */
  readonly except?: string;
}

/**
 * Opens a vindex for the checks of its format, and computes the SHA-256 of every file.
 *
 * @returns a reader, which the caller must close
 */
export const openVindex = async (
  machine: Machine,
  directory: string,
  { signal, onBytes = () => undefined, except }: OpenVindexOptions,
): Promise<VindexReader & { readonly digests: ReadonlyMap<string, FileDigests>; readonly close: () => Promise<void> }> => {
  const files = (await listFiles(machine.files, directory)).filter(({ path }) => path !== except);
  const digests = new Map<string, FileDigests>();
  for (const { path } of files)
    digests.set(path, await digestFile(machine, join(directory, path), { signal, onBytes: (bytes) => onBytes(bytes, path) }));
  const sha256 = new Map([...digests].map(([path, found]) => [path, found.sha256]));
  const reader = new DirectoryReader(machine.files, directory);
  return { files, digests, sha256, read: reader.read, close: () => reader.close() };
};
