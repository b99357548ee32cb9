import { confirm, isCancel } from '@clack/prompts';
import { SwpError } from '../core/error.js';

/** Asks yes or no on the terminal. No is the default, and so is going away. */
export const ask = async (question: string, signal: AbortSignal): Promise<boolean> => {
  const answer = await confirm({ message: question, initialValue: false, output: process.stderr, signal });
  if (isCancel(answer)) throw new SwpError('usage', 'client/no-answer', 'Nothing was decided.');
  return answer;
};
