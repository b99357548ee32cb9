/** The faults of each step. */
export const STEP_FAULTS = {
  probeHost: ['fails', 'hangs', 'gone'],
  planEntry: ['fails', 'gone', 'blocked', 'blocked-now'],
  checkPreconditions: ['fails', 'gone'],
  claimHost: ['fails', 'gone'],
  freeHost: ['fails', 'hangs', 'gone'],
  buildArtifact: ['fails', 'gone', 'hangs'],
  uploadArtifact: ['fails', 'gone', 'hangs', 'scratch-lost'],
  commitArtifact: [
    'fails',
    'gone',
    'hangs',
    'scratch-lost',
    'blobs-missing',
    'refused',
    'unknown',
    'arrives-late',
    'applied-unknown',
    'applied-gone',
    'applied-hangs',
    'not-made',
    'wrong-oid',
  ],
  findCommit: ['fails', 'hangs', 'gone'],
  verifyArtifact: ['fails', 'gone'],
  addToCollection: ['fails', 'gone', 'refused'],
  notify: ['fails', 'gone'],
} as const satisfies Readonly<Record<string, readonly string[]>>;

export type StepFault = (typeof STEP_FAULTS)[keyof typeof STEP_FAULTS][number];
