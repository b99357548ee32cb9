import { CANCEL_SYMBOL, confirm, select, text } from '@clack/prompts';
import { SwpError } from '../core/error.js';
import type { Context } from './context.js';

/** Questions are for a person at a terminal who did not ask for JSON. */
export const mayPrompt = ({ interactive, out }: Context): boolean => interactive && !out.json;

const answered = <T>(answer: T | typeof CANCEL_SYMBOL): T => {
  if (answer === CANCEL_SYMBOL) throw new SwpError('usage', 'client/no-answer', 'The question was not answered; nothing was changed.');
  return answer;
};

/** Asks yes or no on the terminal. No is the default, and so is going away. */
export const ask = async (question: string, signal: AbortSignal): Promise<boolean> =>
  answered(await confirm({ message: question, initialValue: false, output: process.stderr, signal }));

/** What cannot be taken back: a person at a terminal is asked about it, and elsewhere it takes `--yes`. */
export class Consent {
  /** @throws SwpError `client/yes-needed` */
  constructor(
    verb: string,
    entry: string,
    private readonly yes: boolean,
    private readonly context: Context,
  ) {
    if (!yes && !mayPrompt(context))
      throw new SwpError('usage', 'client/yes-needed', `Without a terminal to ask on, ${verb} takes --yes.`, {
        hint: `swp ${verb} ${entry} --yes`,
      });
  }

  /** Whether the person agrees; no is the default, and is told. */
  async given(question: string): Promise<boolean> {
    if (this.yes || (await ask(question, this.context.signal))) return true;
    this.context.out.note('Nothing was changed.');
    return false;
  }
}

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
