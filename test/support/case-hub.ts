import type { LocalHub, Operation } from '../../dev/hub/index.js';

/** Wraps a local hub for several cases in turn: each case has its own faults and requests. */
export class CaseHub {
  readonly hub: LocalHub;
  private readonly undo: (() => void)[] = [];
  private firstRequest = 0;

  constructor(local: LocalHub) {
    this.hub = {
      ...local,
      on: (intercept) => {
        const stop = local.on(intercept);
        this.undo.push(stop);
        return stop;
      },
    };
  }

  /** Begins another case and removes the faults of the previous one. */
  renew(): void {
    for (const stop of this.undo.splice(0)) stop();
    this.firstRequest = this.hub.requests.length;
  }

  /** The requests of this case with this operation, in order. */
  requestsOf(operation: Operation): LocalHub['requests'] {
    return this.hub.requests.slice(this.firstRequest).filter((request) => request.operation === operation);
  }
}
