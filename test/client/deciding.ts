/** Decides once the watcher has told that a decision is waited for. */
export const deciding = (decide: () => Promise<unknown>): { onErr: (err: string) => void; decided: () => Promise<unknown> } => {
  let decision: Promise<unknown> | undefined;
  return {
    onErr: (err) => {
      if (err.includes('awaiting-approval')) decision ??= decide();
    },
    decided: async () => decision,
  };
};
