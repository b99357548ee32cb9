import type { Exchange, LocalHub } from '../../dev/hub/index.js';

export type Matches = (exchange: Exchange) => boolean;

export interface Freeze {
  /** Resolves when the first exchange is held. */
  readonly reached: Promise<void>;
  /** Lets the held exchanges continue and holds no others. */
  readonly thaw: () => void;
}

/** Holds the exchanges that match, before they are handled or before they are answered. */
export const freeze = (hub: LocalHub, matches: Matches, kind: 'hold' | 'hold-after'): Freeze => {
  let thaw = (): void => undefined;
  const until = new Promise<void>((resolve) => (thaw = resolve));
  const reached = new Promise<void>((resolve) => {
    hub.on((exchange) => {
      if (!matches(exchange)) return undefined;
      resolve();
      return { kind, until };
    });
  });
  return { reached, thaw };
};
