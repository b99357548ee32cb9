import { CANCEL_SYMBOL, confirm, select, text } from '@clack/prompts';
import { SwpError } from '../core/error.js';
import type { Context } from './context.js';

/** Questions are for a person at a terminal who did not ask for JSON. */
export const mayPrompt = ({ interactive, out }: Context): boolean => interactive && !out.json;

const answered = <T>(answer: T | typeof CANCEL_SYMBOL): T => {
  if (answer === CANCEL_SYMBOL) throw new SwpError('usage', 'client/no-answer', 'Nothing was decided.');
  return answer;
};

/** Asks yes or no on the terminal. No is the default, and so is going away. */
export const ask = async (question: string, signal: AbortSignal): Promise<boolean> =>
  answered(await confirm({ message: question, initialValue: false, output: process.stderr, signal }));

/**
 * Asks for a line of text on the terminal.
 *
 * @param fault what is wrong with a line, or nothing
 */
export const askText = async (
  question: string,
  {
    initial,
    fault,
    signal,
  }: { readonly initial: string; readonly fault: (line: string) => string | undefined; readonly signal: AbortSignal },
): Promise<string> =>
  answered(await text({ message: question, initialValue: initial, validate: (line) => fault(line ?? ''), output: process.stderr, signal }));

/** Asks for one of several on the terminal. */
export const choose = async (question: string, options: readonly string[], signal: AbortSignal): Promise<string> =>
  answered(await select({ message: question, options: options.map((value) => ({ value })), output: process.stderr, signal }));
