import type { NothingSentDetail } from '../../contract/publish-activities.js';

/** A failure of a commit step before its request was sent. The outcome is in doubt only where an earlier attempt sent one. */
export class NothingSent extends Error {
  constructor(
    override readonly cause: unknown,
    readonly detail: NothingSentDetail,
  ) {
    super('no commit request was sent');
  }
}
