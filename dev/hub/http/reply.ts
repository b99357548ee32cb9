import type { OutgoingHttpHeaders } from 'node:http';

/** A stretch of a file; `end` is exclusive. */
interface FileBody {
  readonly file: string;
  readonly start: number;
  readonly end: number;
}

/** An answer as a value, so that a fault can keep it back after everything was done. */
export interface Reply {
  readonly status: number;
  readonly headers: OutgoingHttpHeaders;
  readonly body: string | FileBody;
}

export const json = (status: number, value: unknown, headers: OutgoingHttpHeaders = {}): Reply => ({
  status,
  headers: { 'Content-Type': 'application/json; charset=utf-8', ...headers },
  body: JSON.stringify(value),
});

export const empty = (status: number, headers: OutgoingHttpHeaders = {}): Reply => ({ status, headers, body: '' });

/** An error in S3's manner. */
export const xmlError = (status: number, code: string, message: string): Reply => ({
  status,
  headers: { 'Content-Type': 'application/xml' },
  body: `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${message}</Message></Error>`,
});

type HubErrorCode = 'RepoNotFound' | 'RevisionNotFound' | 'EntryNotFound' | 'GatedRepo';

/** Ends the handling of a request with an answer other than the wanted one. */
export class Refusal extends Error {
  override readonly name = 'Refusal';

  constructor(readonly reply: Reply) {
    super(`refused with ${reply.status}`);
  }
}

/** An error in the Hub's manner: `{"error": …}`, and the same in headers. */
export const refuse = (status: number, message: string, code?: HubErrorCode): Refusal =>
  new Refusal(
    json(
      status,
      { error: message },
      {
        // A header takes Latin-1 only; the whole message is in the body.
        'X-Error-Message': message.replace(/[^\x20-\x7e]+/g, ' '),
        ...(code === undefined ? {} : { 'X-Error-Code': code }),
      },
    ),
  );
