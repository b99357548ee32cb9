import type { z } from 'zod';
import { nearestName } from './nearest.js';

export interface DescribedIssue {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

const plainPath = (path: readonly PropertyKey[]): (string | number)[] =>
  path.map((part) => (typeof part === 'symbol' ? String(part) : part));

/** A schema's complaint in our words: an unknown field names the one that was probably meant. */
export const describeIssue = (issue: z.core.$ZodIssue, fields: Iterable<string>): DescribedIssue[] => {
  const path = plainPath(issue.path);
  if (issue.code === 'unrecognized_keys') {
    const known = [...fields];
    return issue.keys.map((key) => {
      const near = nearestName(key, known);
      return { path: [...path, key], message: near === undefined ? 'is no known field' : `is no field; did you mean ${near}?` };
    });
  }
  if (issue.code === 'invalid_type' && issue.input === undefined) return [{ path, message: 'is missing' }];
  return [{ path, message: issue.message }];
};
