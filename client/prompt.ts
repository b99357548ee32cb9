import { CANCEL_SYMBOL, confirm, select, text } from '@clack/prompts';
import { SwpError } from '../core/error.js';
import type { Context } from './context.js';

/** Returns true if prompts are allowed: on a terminal, without `--json`. */
export const mayPrompt = ({ interactive, out }: Context): boolean => interactive && !out.json;

const answered = <T>(answer: T | typeof CANCEL_SYMBOL): T => {
  if (answer === CANCEL_SYMBOL) throw new SwpError('usage', 'client/no-answer', 'You did not answer the question. Nothing was changed.');
  return answer;
};

/** Asks yes or no on the terminal. The default is no; Ctrl-C throws `client/no-answer`. */
export const ask = async (question: string, signal: AbortSignal): Promise<boolean> =>
  answered(await confirm({ message: question, initialValue: false, output: process.stderr, signal }));

/** Confirmation of an action that cannot be undone: by an answer on the terminal, elsewhere by `--yes`. */
export class Consent {
  /** @throws SwpError `client/yes-needed` */
  constructor(
    verb: string,
    entry: string,
    private readonly yes: boolean,
    private readonly context: Context,
  ) {
    if (!yes && !mayPrompt(context))
      throw new SwpError('usage', 'client/yes-needed', `Without a terminal to ask on, ${verb} needs --yes.`, {
        hint: `swp ${verb} ${entry} --yes`,
      });
  }

  /** Returns true if the person agrees, else prints that nothing was changed. */
  async given(question: string): Promise<boolean> {
    if (this.yes || (await ask(question, this.context.signal))) return true;
    this.context.out.note('Nothing was changed.');
    return false;
  }
}

interface TextQuestion {
  /** Shown as the placeholder, and taken if the answer is empty. */
  readonly proposal: string;
  /** Returns the problem of a line, if it has one. */
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

/** Asks on the terminal to choose one of several options. */
export const choose = async (question: string, options: readonly string[], signal: AbortSignal): Promise<string> =>
  answered(await select({ message: question, options: options.map((value) => ({ value })), output: process.stderr, signal }));
