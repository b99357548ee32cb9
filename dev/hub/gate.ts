/** Something to wait for that somebody else opens, once. */
export class Gate {
  readonly opened: Promise<void>;
  readonly open: () => void;

  constructor() {
    const { promise, resolve } = newPromise();
    this.opened = promise;
    this.open = resolve;
  }
}

/** `Promise.withResolvers`, which Node 20 does not have. */
const newPromise = (): { readonly promise: Promise<void>; readonly resolve: () => void } => {
  const settle: { resolve?: () => void } = {};
  const promise = new Promise<void>((resolve) => {
    settle.resolve = resolve;
  });
  return { promise, resolve: () => settle.resolve?.() };
};
