import type { Exchange, LocalHub } from '../../dev/hub/index.js';

export type Matches = (exchange: Exchange) => boolean;

/** Holds exchanges that match, and resolves when the first is reached; after the thaw none is held any more. */
export const freeze = (
  hub: LocalHub,
  matches: Matches,
  kind: 'hold' | 'hold-after',
): { readonly reached: Promise<void>; readonly thaw: () => void } => {
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
