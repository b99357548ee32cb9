/** A one-shot event: waiters await `opened`, other code calls `open`. */
export class Gate {
  readonly opened: Promise<void>;
  readonly open: () => void;

  constructor() {
    const { promise, resolve } = withResolvers();
    this.opened = promise;
    this.open = resolve;
  }
}

/** Replaces `Promise.withResolvers`, which Node 20 does not have. */
const withResolvers = (): { readonly promise: Promise<void>; readonly resolve: () => void } => {
  const settle: { resolve?: () => void } = {};
  const promise = new Promise<void>((resolve) => {
    settle.resolve = resolve;
  });
  return { promise, resolve: () => settle.resolve?.() };
};
