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

interface TextQuestion {
  /** Shown until something is typed, and taken where nothing is. */
  readonly proposal: string;
  /** Says what is wrong with a line. */
  readonly fault: (line: string) => string | undefined;
  readonly signal: AbortSignal;
}

/** Asks for a line of text on the terminal. */
export const askText = async (question: string, { proposal, fault, signal }: TextQuestion): Promise<string> => {
  const validate = (line: string | undefined): string | undefined => fault(line === undefined || line === '' ? proposal : line);
  return answered(
    await text({ message: question, placeholder: proposal, defaultValue: proposal, validate, output: process.stderr, signal }),
  );
};

/** Asks for one of several on the terminal. */
export const choose = async (question: string, options: readonly string[], signal: AbortSignal): Promise<string> =>
  answered(await select({ message: question, options: options.map((value) => ({ value })), output: process.stderr, signal }));
