/** Decides once, as soon as the watcher reports `awaiting-approval`. */
export const deciding = (decide: () => Promise<unknown>): { onErr: (err: string) => void; decided: () => Promise<unknown> } => {
  let decision: Promise<unknown> | undefined;
  return {
    onErr: (err) => {
      if (err.includes('awaiting-approval')) decision ??= decide();
    },
    decided: async () => decision,
  };
};
