import type { RequestNotSentDetail } from '../../contract/publish-activities.js';

/** A failure of a commit step before it sent a request. The outcome is in doubt only if an earlier attempt sent one. */
export class RequestNotSent extends Error {
  constructor(
    override readonly cause: unknown,
    readonly detail: RequestNotSentDetail,
  ) {
    super('no commit request was sent');
  }
}
