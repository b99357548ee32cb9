import type { OutgoingHttpHeaders } from 'node:http';

/** A slice of a file; `end` is exclusive. */
interface FileBody {
  readonly file: string;
  readonly start: number;
  readonly end: number;
}

/** A response as a value, so that a fault can withhold it after the request was handled. */
export interface Reply {
  readonly status: number;
  readonly headers: OutgoingHttpHeaders;
  readonly body: string | FileBody;
}

/** A reply whose body is a text. */
export interface TextReply extends Reply {
  readonly body: string;
}

export const json = (status: number, value: unknown, headers: OutgoingHttpHeaders = {}): TextReply => ({
  status,
  headers: { 'Content-Type': 'application/json; charset=utf-8', ...headers },
  body: JSON.stringify(value),
});

export const empty = (status: number, headers: OutgoingHttpHeaders = {}): TextReply => ({ status, headers, body: '' });

/** Returns an error in S3's format. */
export const xmlError = (status: number, code: string, message: string): TextReply => ({
  status,
  headers: { 'Content-Type': 'application/xml' },
  body: `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${message}</Message></Error>`,
});

type HubErrorCode = 'RepoNotFound' | 'RevisionNotFound' | 'EntryNotFound' | 'GatedRepo';

/** Ends the handling of a request with a reply other than the normal one. */
export class Refusal extends Error {
  override readonly name = 'Refusal';

  constructor(readonly reply: TextReply) {
    super(`refused with ${reply.status}`);
  }
}

/** Returns an error in the Hub's format: `{"error": …}`, with the same message in headers. */
export const refuse = (status: number, message: string, code?: HubErrorCode): Refusal =>
  new Refusal(
    json(
      status,
      { error: message },
      {
        // A header accepts only Latin-1; the whole message is in the body.
        'X-Error-Message': message.replace(/[^\x20-\x7e]+/g, ' '),
        ...(code === undefined ? {} : { 'X-Error-Code': code }),
      },
    ),
  );
