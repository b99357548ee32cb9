import type { Intercept } from '../../dev/hub/operations.js';
import type { SealedScratch } from './change-sealed.js';
import { isSameOperation, Numbering, type Place } from './exchanges.js';
import { faultOf, type Kind } from './kinds.js';
import type { Watch } from './run-case.js';

/** Injects a fault at one exchange of a publish. A lasting fault strikes every later exchange of that operation until it is lifted. */
export class Strike {
  struck = false;
  private lifted = false;
  private lasting: Place | null = null;

  constructor(
    private readonly scratch: SealedScratch,
    private readonly kind: Kind,
    private readonly at: string,
  ) {}

  readonly lift = (): void => {
    this.lifted = true;
  };

  readonly watch: Watch = (repos) => this.watchFrom(new Numbering(repos));

  /** Like {@link watch}, for a publish that goes on after the numbered exchanges. */
  watchFrom(numbering: Numbering): Intercept {
    return (exchange) => {
      const place = numbering.next(exchange);
      if (this.lifted) return undefined;
      const { lasting } = this;
      const again = lasting !== null && isSameOperation(lasting, place);
      if (!again && (this.struck || place.name !== this.at)) return undefined;
      this.struck = true;
      if (this.kind.lasts === true) this.lasting = place;
      return faultOf(this.kind, this.scratch);
    };
  }
}
