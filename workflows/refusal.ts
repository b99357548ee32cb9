import { ApplicationFailure } from '@temporalio/workflow';

/** Creates the error for a rejected message or input. A person reads it, so it has no stack of our code. */
export const refusal = (type: string, message: string, ...details: readonly string[]): ApplicationFailure => {
  const failure = ApplicationFailure.create({ type, nonRetryable: true, message, details: [...details] });
  failure.stack = '';
  return failure;
};
