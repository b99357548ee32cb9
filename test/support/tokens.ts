/** Tokens of the local hub in a test environment. Nothing that is recorded may contain one. */
export const TOKENS = { read: 'hf_testreader4Kd83hTz0pQw', write: 'hf_testwriter9Lm27vXb5rNc' } as const;
