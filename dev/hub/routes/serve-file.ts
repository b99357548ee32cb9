import type { OutgoingHttpHeaders } from 'node:http';
import type { RequestContext } from '../http/context.js';
import type { Reply } from '../http/reply.js';
import { parseRange } from '../ranges.js';

interface ServedFile {
  readonly file: string;
  readonly size: number;
  /** Includes the quotes. */
  readonly etag: string;
  readonly headers: OutgoingHttpHeaders;
}

/** Replies with a file, or with the one requested range of it. `If-Range` with another ETag gets the whole file. */
export const serveFile = ({ headers: requestHeaders }: RequestContext, { file, size, etag, headers }: ServedFile): Reply => {
  const ifRange = requestHeaders['if-range'];
  const range = parseRange(ifRange === undefined || ifRange === etag ? requestHeaders.range : undefined, size);
  const common = { 'Content-Type': 'application/octet-stream', 'Accept-Ranges': 'bytes', ETag: etag, ...headers };
  switch (range.kind) {
    case 'whole':
      return { status: 200, headers: common, body: { file, start: 0, end: size } };
    case 'slice':
      return {
        status: 206,
        headers: { ...common, 'Content-Range': `bytes ${range.start}-${range.end - 1}/${size}` },
        body: { file, start: range.start, end: range.end },
      };
    case 'unsatisfiable':
      return { status: 416, headers: { ...common, 'Content-Range': `bytes */${size}` }, body: '' };
  }
};
