import { constants, type PathLike } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { Readable } from 'node:stream';
import type { Clock, Files } from '../../core/machine.js';
import {
  bytesOf,
  contentOf,
  copyEntries,
  emptyFile,
  failure,
  keep,
  revert,
  writeInto,
  type Entry,
  type MemoryDirectory,
  type MemoryFile,
} from './memory-inodes.js';

const BLOCK_BYTES = 512;
const CHUNK_BYTES = 64 * 1024;
/** No test fills a disk of this size. */
export const LARGE_BYTES = 1e12;

type Run = <T>(operation: () => T) => Promise<T>;

/** A file system in memory. Each operation takes one turn of the microtask queue, so that equal runs have equal orders. */
export class MemoryDisk {
  private inodes = 0;
  private readonly root = this.makeDirectory(0o755);

  /** Bytes of the disk; other processes may take them, or free them. */
  capacity = LARGE_BYTES;

  constructor(private readonly clock: Pick<Clock, 'now'>) {}

  /** Returns a disk with the same content, which can change without this one. */
  copy(clock: Pick<Clock, 'now'>): MemoryDisk {
    const disk = new MemoryDisk(clock);
    copyEntries(this.root, disk.root);
    disk.inodes = this.inodes;
    return disk;
  }

  /** Returns the paths of all files, sorted. */
  list(): string[] {
    const below = (directory: MemoryDirectory, path: string): string[] =>
      [...directory.entries].flatMap(([name, entry]) => (entry.kind === 'file' ? [`${path}/${name}`] : below(entry, `${path}/${name}`)));
    return below(this.root, '').toSorted();
  }

  /**
   * Loses what was not synced, as a loss of power does: each file keeps its content, or has again that of its last sync.
   *
   * @param loses called for each file that changed since then
   */
  losePower(loses: () => boolean): void {
    const lose = (directory: MemoryDirectory): void => {
      for (const entry of directory.entries.values()) {
        if (entry.kind === 'directory') lose(entry);
        else if ((entry.buffer !== entry.durable.buffer || entry.size !== entry.durable.size) && loses()) revert(entry);
      }
    };
    lose(this.root);
  }

  /**
   * Returns its functions as the engine takes them.
   *
   * @param enter is awaited before each operation
   */
  files(enter: () => Promise<void> = () => Promise.resolve()): Files {
    const run = async <T>(operation: () => T): Promise<T> => {
      await enter();
      return operation();
    };
    const files = {
      constants,
      access: (path: PathLike) => run(() => void this.find('access', path)),
      chmod: (path: PathLike, mode: number) => run(() => void (this.find('chmod', path).mode = mode)),
      link: (from: PathLike, to: PathLike) => run(() => this.link(from, to)),
      lstat: (path: PathLike, options?: { bigint?: boolean }) => run(() => this.statsOf(this.find('lstat', path), options)),
      mkdir: (path: PathLike, options?: { recursive?: boolean; mode?: number }) => run(() => this.mkdir(String(path), options)),
      mkdtemp: (prefix: string) =>
        run(() => {
          const path = `${prefix}${String(this.inodes).padStart(6, '0')}`;
          this.mkdir(path, { mode: 0o700 });
          return path;
        }),
      open: (path: PathLike, flags = 'r', mode = 0o666) => run(() => this.open(String(path), flags, mode, run)),
      readdir: (path: PathLike, options?: { withFileTypes?: boolean; recursive?: boolean }) =>
        run(() => this.readdir(String(path), options)),
      readFile: (path: PathLike, options?: BufferEncoding | { encoding?: BufferEncoding | null }) =>
        run(() => {
          const bytes = Buffer.from(contentOf(this.findFile('open', path)));
          const encoding = typeof options === 'string' ? options : options?.encoding;
          return encoding == null ? bytes : bytes.toString(encoding);
        }),
      realpath: (path: PathLike) =>
        run(() => {
          this.find('realpath', path);
          return resolve(String(path));
        }),
      rename: (from: PathLike, to: PathLike) => run(() => this.rename(from, to)),
      rm: (path: PathLike, options?: { recursive?: boolean; force?: boolean }) => run(() => this.remove(String(path), options)),
      stat: (path: PathLike, options?: { bigint?: boolean }) => run(() => this.statsOf(this.find('stat', path), options)),
      statfs: (path: PathLike) =>
        run(() => {
          this.find('statfs', path);
          return { bsize: 1, bavail: this.capacity - this.used(), files: 0, ffree: 0 };
        }),
      utimes: (path: PathLike, _accessed: number, modified: number) =>
        run(() => void (this.find('utimes', path).mtimeMs = modified * 1000)),
      writeFile: async (path: PathLike, content: string | Uint8Array | AsyncIterable<Uint8Array>, options?: { mode?: number }) => {
        const file = await run(() => this.create(String(path), options?.mode));
        if (typeof content === 'object' && Symbol.asyncIterator in content)
          for await (const chunk of content) await run(() => this.write(file, chunk, file.size, String(path)));
        else await run(() => this.write(file, bytesOf(content), 0, String(path)));
      },
      createReadStream: (path: PathLike, options: { start?: number; end?: number; highWaterMark?: number } = {}) =>
        Readable.from(this.read(String(path), options, run), { objectMode: false }),
    };
    return files as unknown as Files;
  }

  private makeFile(mode: number): MemoryFile {
    return emptyFile({ number: (this.inodes += 1), mode, names: 1, mtimeMs: this.clock.now() });
  }

  private makeDirectory(mode: number): MemoryDirectory {
    return { kind: 'directory', number: (this.inodes += 1), mode, names: 1, mtimeMs: 0, entries: new Map() };
  }

  private lookup(path: string): Entry | 'not-a-directory' | undefined {
    let entry: Entry | undefined = this.root;
    for (const name of resolve(path).split('/').filter(Boolean)) {
      if (entry === undefined) return undefined;
      if (entry.kind === 'file') return 'not-a-directory';
      entry = entry.entries.get(name);
    }
    return entry;
  }

  private find(syscall: string, path: PathLike): Entry {
    const found = this.lookup(String(path));
    if (found === 'not-a-directory') throw failure('ENOTDIR', syscall, String(path));
    if (found === undefined) throw failure('ENOENT', syscall, String(path));
    return found;
  }

  private findFile(syscall: string, path: PathLike): MemoryFile {
    const found = this.find(syscall, path);
    if (found.kind === 'directory') throw failure('EISDIR', syscall, String(path));
    return found;
  }

  private parentOf(syscall: string, path: string): MemoryDirectory {
    const parent = this.find(syscall, dirname(resolve(path)));
    if (parent.kind === 'file') throw failure('ENOTDIR', syscall, path);
    return parent;
  }

  used(): number {
    const sum = (directory: MemoryDirectory): number =>
      [...directory.entries.values()].reduce((total, entry) => total + (entry.kind === 'file' ? entry.size : sum(entry)), 0);
    return sum(this.root);
  }

  private write(file: MemoryFile, bytes: Uint8Array, at: number, path: string): void {
    const growth = at + bytes.byteLength - file.size;
    if (growth > 0 && this.capacity < LARGE_BYTES && this.used() + growth > this.capacity) throw failure('ENOSPC', 'write', path);
    writeInto(file, bytes, at);
    file.mtimeMs = this.clock.now();
  }

  private create(path: string, mode = 0o666): MemoryFile {
    const parent = this.parentOf('open', path);
    const known = parent.entries.get(basename(path));
    if (known?.kind === 'directory') throw failure('EISDIR', 'open', path);
    const file = known ?? this.makeFile(mode);
    file.size = 0;
    parent.entries.set(basename(path), file);
    return file;
  }

  private mkdir(path: string, { recursive = false, mode = 0o777 }: { recursive?: boolean; mode?: number } = {}): void {
    const found = this.lookup(path);
    if (found !== undefined) {
      if (recursive && found !== 'not-a-directory' && found.kind === 'directory') return;
      throw failure(found === 'not-a-directory' ? 'ENOTDIR' : 'EEXIST', 'mkdir', path);
    }
    if (recursive) this.mkdir(dirname(resolve(path)), { recursive, mode });
    this.parentOf('mkdir', path).entries.set(basename(path), this.makeDirectory(mode));
  }

  private link(from: PathLike, to: PathLike): void {
    const file = this.findFile('link', from);
    const parent = this.parentOf('link', String(to));
    if (parent.entries.has(basename(String(to)))) throw failure('EEXIST', 'link', String(to));
    parent.entries.set(basename(String(to)), file);
    file.names += 1;
  }

  private rename(from: PathLike, to: PathLike): void {
    const entry = this.find('rename', from);
    const parent = this.parentOf('rename', String(to));
    const there = parent.entries.get(basename(String(to)));
    if (there?.kind === 'directory' && there.entries.size > 0) throw failure('ENOTEMPTY', 'rename', String(to));
    this.parentOf('rename', String(from)).entries.delete(basename(String(from)));
    parent.entries.set(basename(String(to)), entry);
  }

  private remove(path: string, { recursive = false, force = false }: { recursive?: boolean; force?: boolean } = {}): void {
    const found = this.lookup(path);
    if (found === undefined && force) return;
    const entry = this.find('rm', path);
    if (entry.kind === 'directory' && !recursive) throw failure('ERR_FS_EISDIR', 'rm', path);
    this.parentOf('rm', path).entries.delete(basename(path));
    entry.names -= 1;
  }

  private readdir(
    path: string,
    { withFileTypes = false, recursive = false }: { withFileTypes?: boolean; recursive?: boolean } = {},
  ): unknown {
    const directory = this.find('scandir', path);
    if (directory.kind === 'file') throw failure('ENOTDIR', 'scandir', path);
    if (!withFileTypes) return [...directory.entries.keys()].toSorted();
    const below = (of: MemoryDirectory, parentPath: string): unknown[] =>
      [...of.entries].flatMap(([name, entry]) => [
        { name, parentPath, isFile: () => entry.kind === 'file', isDirectory: () => entry.kind === 'directory' },
        ...(recursive && entry.kind === 'directory' ? below(entry, `${parentPath}/${name}`) : []),
      ]);
    return below(directory, path);
  }

  private statsOf(entry: Entry, { bigint = false }: { bigint?: boolean } = {}): unknown {
    const size = entry.kind === 'file' ? entry.size : 0;
    const numbers = {
      dev: 1,
      ino: entry.number,
      mode: entry.mode,
      nlink: entry.names,
      uid: 0,
      size,
      blocks: Math.ceil(size / BLOCK_BYTES),
    };
    const shared = {
      isFile: () => entry.kind === 'file',
      isDirectory: () => entry.kind === 'directory',
      isSymbolicLink: () => false,
    };
    if (!bigint) return { ...numbers, ...shared, mtimeMs: entry.mtimeMs };
    return {
      ...Object.fromEntries(Object.entries(numbers).map(([name, value]) => [name, BigInt(value)])),
      ...shared,
      mtimeNs: BigInt(Math.round(entry.mtimeMs * 1e6)),
    };
  }

  private open(path: string, flags: string, mode: number, run: Run): unknown {
    const exists = this.lookup(path) !== undefined;
    if (flags.includes('x') && exists) throw failure('EEXIST', 'open', path);
    const file = flags.startsWith('r') || (flags.startsWith('a') && exists) ? this.findFile('open', path) : this.create(path, mode);
    return {
      appendFile: (content: string | Uint8Array) => run(() => this.write(file, bytesOf(content), file.size, path)),
      writeFile: (content: string | Uint8Array) => run(() => this.write(file, bytesOf(content), 0, path)),
      write: (bytes: Uint8Array, offset: number, length: number, position: number) =>
        run(() => {
          this.write(file, bytes.subarray(offset, offset + length), position, path);
          return { bytesWritten: length };
        }),
      read: (into: Uint8Array, offset: number, length: number, position: number) =>
        run(() => {
          const bytes = contentOf(file).subarray(position, position + length);
          into.set(bytes, offset);
          return { bytesRead: bytes.byteLength };
        }),
      truncate: (size: number) =>
        run(() => {
          if (size > file.size) this.write(file, new Uint8Array(size - file.size), file.size, path);
          else file.size = size;
        }),
      stat: () => run(() => this.statsOf(file)),
      sync: () => run(() => keep(file)),
      datasync: () => run(() => keep(file)),
      close: () => Promise.resolve(),
    };
  }

  private async *read(
    path: string,
    { start = 0, end = Infinity, highWaterMark = CHUNK_BYTES }: { start?: number; end?: number; highWaterMark?: number },
    run: Run,
  ): AsyncGenerator<Buffer> {
    const file = await run(() => this.findFile('open', path));
    for (let at = start; at < Math.min(file.size, end + 1); at += highWaterMark)
      yield run(() => Buffer.from(contentOf(file).subarray(at, Math.min(at + highWaterMark, end + 1))));
  }
}
