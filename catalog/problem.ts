import { SwpError } from '../core/error.js';
import { sanitizeLine } from '../core/text.js';

/** One problem in a catalog, with its position. Lines count from 1; 0 means the whole file. */
export interface Problem {
  readonly file: string;
  readonly line: number;
  readonly field: string;
  readonly message: string;
}

export const problemText = (problem: Problem): string =>
  sanitizeLine(
    `${problem.file}${problem.line === 0 ? '' : `:${problem.line}`}: ${problem.field === '' ? '' : `${problem.field}: `}${problem.message}`,
    500,
  );

/** Returns one error for all problems of a catalog, with one line for each. */
export const catalogError = (problems: readonly Problem[]): SwpError =>
  new SwpError(
    'invalid',
    'catalog/invalid',
    `The catalog has ${problems.length === 1 ? 'a mistake' : `${problems.length} mistakes`}:\n${problems.map((problem) => `  ${problemText(problem)}`).join('\n')}`,
    {
      hint: 'Fix them and run `swp catalog validate`.',
    },
  );
