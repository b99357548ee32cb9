import { ApplicationFailure } from '@temporalio/workflow';

/** What a message is answered that is not taken. It goes to a person: where in our code that was said is nothing to show. */
export const refusal = (type: string, message: string, ...details: readonly string[]): ApplicationFailure => {
  const failure = ApplicationFailure.create({ type, nonRetryable: true, message, details: [...details] });
  failure.stack = '';
  return failure;
};
