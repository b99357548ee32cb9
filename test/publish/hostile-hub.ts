import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

const COMMIT = 'a'.repeat(40);

/** The text of a file in pieces, the same for each call. */
export type Pieces = () => Iterable<string>;

/** A hostile repository: its files are generated while they are sent, and it may have its own listing. */
export interface HostileRepo {
  readonly files: Readonly<Record<string, Pieces>>;
  /** The page for a request and the URL of the next; by default one page with the files. */
  readonly listing?: (request: URL) => { readonly pieces: Pieces; readonly next?: string };
}

/** A header with its length in front; nothing follows it, since all of its tensors are empty. */
const withLength = (text: Pieces): (() => Iterable<Uint8Array>) => {
  let bytes = 0;
  for (const piece of text()) bytes += Buffer.byteLength(piece);
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(BigInt(bytes));
  return function* () {
    yield prefix;
    for (const piece of text()) yield Buffer.from(piece);
  };
};

/** Header entries of empty tensors: the file is hardly larger than its header. */
export function* tensorEntries(count: number, nameOf: (at: number) => string, shape = '[0]'): Iterable<string> {
  let some = '{';
  for (let at = 0; at < count; at += 1) {
    some += `${at === 0 ? '' : ','}${JSON.stringify(nameOf(at))}:{"dtype":"BF16","shape":${shape},"data_offsets":[0,0]}`;
    if (some.length < 60_000) continue;
    yield some;
    some = '';
  }
  yield `${some}}`;
}

/** Entries of an index. */
export function* indexEntries(count: number, nameOf: (at: number) => string, fileOf: (at: number) => string): Iterable<string> {
  let some = '{"weight_map":{';
  for (let at = 0; at < count; at += 1) {
    some += `${at === 0 ? '' : ','}${JSON.stringify(nameOf(at))}:${JSON.stringify(fileOf(at))}`;
    if (some.length < 60_000) continue;
    yield some;
    some = '';
  }
  yield `${some}}}`;
}

interface SizedFile {
  readonly size: number;
  readonly sha256: string;
  readonly bytes: () => Iterable<Uint8Array>;
}

const sized = (path: string, text: Pieces): SizedFile => {
  const bytes = path.endsWith('.safetensors')
    ? withLength(text)
    : function* () {
        for (const piece of text()) yield Buffer.from(piece);
      };
  let size = 0;
  const hash = createHash('sha256');
  for (const piece of bytes()) {
    size += piece.byteLength;
    hash.update(piece);
  }
  return { size, sha256: hash.digest('hex'), bytes };
};

const drained = (response: ServerResponse): Promise<void> =>
  new Promise((resolve) => void response.once('drain', resolve).once('close', resolve));

const send = async (response: ServerResponse, pieces: Iterable<Uint8Array | string>): Promise<void> => {
  for (const piece of pieces) {
    if (response.destroyed) return;
    if (!response.write(piece)) await drained(response);
  }
  response.end();
};

function* cut(pieces: Iterable<Uint8Array>, begin: number, end: number): Iterable<Uint8Array> {
  let at = 0;
  for (const piece of pieces) {
    if (at >= end) return;
    if (at + piece.byteLength > begin) yield piece.subarray(Math.max(0, begin - at), Math.min(piece.byteLength, end - at));
    at += piece.byteLength;
  }
}

/** Serves one repository under every name, for the requests of planning: its info, its listing and ranges of its files. */
export const serveHostile = async (repo: HostileRepo): Promise<{ readonly url: string; readonly close: () => Promise<void> }> => {
  const files = new Map(Object.entries(repo.files).map(([path, text]) => [path, sized(path, text)]));
  const rows = [...files].map(([path, { size, sha256 }]) => ({
    type: 'file',
    path,
    oid: '0'.repeat(40),
    size,
    lfs: { oid: sha256, size },
  }));
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = new URL(request.url ?? '', 'http://hub');
    if (url.pathname.startsWith('/api/models/acme/')) return void response.writeHead(404).end('{}');
    if (url.pathname.includes('/tree/')) {
      const { pieces, next } = repo.listing?.(url) ?? { pieces: () => [JSON.stringify(rows)] };
      response.writeHead(200, { 'content-type': 'application/json', ...(next === undefined ? {} : { link: `<${next}>; rel="next"` }) });
      return send(response, pieces());
    }
    if (url.pathname.startsWith('/api/models/')) {
      const id = url.pathname.split('/').slice(3, 5).join('/');
      return void response.writeHead(200).end(JSON.stringify({ id, sha: COMMIT, private: false, gated: false }));
    }
    const file = files.get(decodeURIComponent(url.pathname.split('/').slice(5).join('/')));
    if (file === undefined) return void response.writeHead(404, { 'x-error-code': 'EntryNotFound' }).end();
    const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? [];
    const [begin, end] = from === undefined ? [0, file.size] : [Number(from), Math.min(Number(to) + 1, file.size)];
    response.writeHead(from === undefined ? 200 : 206, {
      'content-length': end - begin,
      ...(from === undefined ? {} : { 'content-range': `bytes ${begin}-${end - 1}/${file.size}` }),
      'x-repo-commit': COMMIT,
    });
    return request.method === 'HEAD' ? void response.end() : send(response, cut(file.bytes(), begin, end));
  };
  const server = createServer((request, response) => void answer(request, response).catch(() => response.destroy()));
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};
