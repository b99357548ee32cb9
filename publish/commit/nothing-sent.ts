import type { NothingSentDetail } from '../../contract/publish-activities.js';

/** A failure of a commit step before it sent a request. The outcome is in doubt only if an earlier attempt sent one. */
export class NothingSent extends Error {
  constructor(
    override readonly cause: unknown,
    readonly detail: NothingSentDetail,
  ) {
    super('no commit request was sent');
  }
}
