const FIRST_BYTES = 256;

interface Inode {
  readonly number: number;
  mode: number;
  names: number;
  mtimeMs: number;
}
export interface MemoryFile extends Inode {
  readonly kind: 'file';
  /** Holds the content in its first `size` bytes. */
  buffer: Buffer;
  size: number;
  /** True if the file of another disk has the same buffer, which is then copied before it changes. */
  isShared: boolean;
  /** The content at the last sync. */
  durable: { readonly buffer: Buffer; readonly size: number };
}
export interface MemoryDirectory extends Inode {
  readonly kind: 'directory';
  readonly entries: Map<string, MemoryFile | MemoryDirectory>;
}
export type Entry = MemoryFile | MemoryDirectory;

/** Returns the error that Node's file functions throw. */
export const failure = (code: string, syscall: string, path: string): Error =>
  Object.assign(new Error(`${code}: ${syscall} '${path}'`), { code, syscall, path });

/** Returns the content of a file; it changes with the file. */
export const contentOf = (file: MemoryFile): Buffer => file.buffer.subarray(0, file.size);

/** Writes bytes into a file; a gap before them is filled with zeros. */
export const writeInto = (file: MemoryFile, bytes: Uint8Array, at: number): void => {
  const end = at + bytes.byteLength;
  if (end > file.buffer.byteLength || file.isShared) {
    const grown = Buffer.allocUnsafeSlow(Math.max(end, end > file.buffer.byteLength ? file.buffer.byteLength * 2 : 0, FIRST_BYTES));
    contentOf(file).copy(grown);
    file.buffer = grown;
    file.isShared = false;
  }
  if (at > file.size) file.buffer.fill(0, file.size, at);
  file.buffer.set(bytes, at);
  file.size = Math.max(file.size, end);
};

/** Returns the bytes of something that is written to a file. */
export const bytesOf = (content: unknown): Uint8Array => (content instanceof Uint8Array ? content : Buffer.from(String(content)));

const NOTHING = Buffer.alloc(0);

export const emptyFile = (inode: Inode): MemoryFile => ({
  ...inode,
  kind: 'file',
  buffer: NOTHING,
  size: 0,
  isShared: false,
  durable: { buffer: NOTHING, size: 0 },
});

/** Makes the content of a file durable. */
export const keep = (file: MemoryFile): void => {
  file.durable = { buffer: file.buffer, size: file.size };
  file.isShared = true;
};

/** Gives a file its durable content again. */
export const revert = (file: MemoryFile): void => {
  file.buffer = file.durable.buffer;
  file.size = file.durable.size;
  file.isShared = true;
};

/** Copies the content of a directory. Files with several names keep them, and buffers are copied when they change. */
export const copyEntries = (from: MemoryDirectory, to: MemoryDirectory, copies = new Map<MemoryFile, MemoryFile>()): void => {
  for (const [name, entry] of from.entries) {
    if (entry.kind === 'file') {
      entry.isShared = true;
      const copied = copies.get(entry) ?? { ...entry };
      copies.set(entry, copied);
      to.entries.set(name, copied);
    } else {
      const directory: MemoryDirectory = { ...entry, entries: new Map() };
      to.entries.set(name, directory);
      copyEntries(entry, directory, copies);
    }
  }
};
