import type { LocalHub, Operation } from '../../dev/hub/index.js';

/** A local hub that serves one case after another: each has faults and requests of its own. */
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

  /** Begins another case: no fault is left of the one before. */
  renew(): void {
    for (const stop of this.undo.splice(0)) stop();
    this.firstRequest = this.hub.requests.length;
  }

  /** The requests of this case with this operation, in order. */
  requestsOf(operation: Operation): LocalHub['requests'] {
    return this.hub.requests.slice(this.firstRequest).filter((request) => request.operation === operation);
  }
}
