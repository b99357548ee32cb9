import { createServer } from 'node:http';

const CHUNK = 64_000_000;

/**
 * A server that accepts everything as fast as it arrives and keeps nothing, so that only the sender is
 * measured. It implements just enough of the Hub's protocol for one upload.
 */
const server = createServer((request, response) => {
  const { url = '' } = request;
  const json = (value: unknown, etag?: string): void => {
    response.writeHead(200, { 'content-type': 'application/json', ...(etag === undefined ? {} : { etag }) }).end(JSON.stringify(value));
  };
  if (request.method === 'PUT') {
    request.resume().on('end', () => json({}, '"etag"'));
    return;
  }
  const chunks: Buffer[] = [];
  request
    .on('data', (chunk: Buffer) => chunks.push(chunk))
    .on('end', () => {
      const body: unknown = JSON.parse(Buffer.concat(chunks).toString() || '{}');
      const { files = [], objects = [] } = body as { files?: { path: string }[]; objects?: { oid: string; size: number }[] };
      if (url.includes('/preupload/')) json({ files: files.map(({ path }) => ({ path, uploadMode: 'lfs' })) });
      else if (url.endsWith('/batch')) json({ transfer: 'multipart', objects: objects.map(partsOf) });
      else json({});
    });
});
/** Returns upload instructions as the Hub gives them for a large object: one address for the completion, and one for each part. */
const partsOf = ({ oid, size }: { oid: string; size: number }) => {
  const address = `http://127.0.0.1:${port()}/sink/${oid}`;
  const parts = Array.from({ length: Math.ceil(size / CHUNK) }, (_, at) => [String(at + 1).padStart(5, '0'), `${address}/${at + 1}`]);
  return { oid, size, actions: { upload: { href: address, header: { chunk_size: String(CHUNK), ...Object.fromEntries(parts) } } } };
};
server.requestTimeout = 0;
const port = (): number => {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
};
server.listen(0, '127.0.0.1', () => process.stdout.write(`${port()}\n`));
