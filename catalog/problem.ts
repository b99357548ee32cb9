import { SwpError } from '../core/error.js';
import { sanitizeLine } from '../core/text.js';

/** One thing that is wrong with a catalog, where a person will look for it. Lines count from 1; 0 is the whole file. */
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

/** All problems of a catalog as one error, a line each. */
export const catalogError = (problems: readonly Problem[]): SwpError =>
  new SwpError(
    'invalid',
    'catalog/invalid',
    `The catalog has ${problems.length === 1 ? 'a mistake' : `${problems.length} mistakes`}:\n${problems.map((problem) => `  ${problemText(problem)}`).join('\n')}`,
    {
      hint: 'Fix them and run `swp catalog validate`.',
    },
  );
