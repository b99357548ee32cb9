import type { NothingSentDetail } from './api.js';

export const NOTHING_SENT: NothingSentDetail = 'nothing-sent';

/** A failure of a commit step before its request was sent; the outcome of that commit is not in doubt. */
export class NothingSent extends Error {
  constructor(override readonly cause: unknown) {
    super('no commit request was sent');
  }
}
