import type { z } from 'zod';
import { sanitizeLine } from './text.js';

/** Number of issues shown: one wrong field often causes others. */
const SHOWN = 4;

const NOUNS: Readonly<Record<string, string>> = {
  object: 'an object',
  array: 'a list',
  string: 'text',
  number: 'a number',
  boolean: 'true or false',
};

const describeIssue = (issue: z.core.$ZodIssue): string => {
  switch (issue.code) {
    case 'invalid_type':
      return issue.message.endsWith('received undefined') ? 'is missing' : `must be ${NOUNS[issue.expected] ?? issue.expected}`;
    case 'unrecognized_keys':
      return `has unknown fields: ${issue.keys.join(', ')}`;
    case 'invalid_value':
      return `must be ${issue.values.map((value) => JSON.stringify(value)).join(' or ')}`;
    default:
      return issue.message;
  }
};

/** Returns one line that names the invalid fields of an input, each with its problem. */
export const describeIssues = ({ issues }: z.ZodError): string => {
  const shown = issues.slice(0, SHOWN).map((issue) => sanitizeLine(`${issue.path.join('.') || 'the input'} ${describeIssue(issue)}`, 160));
  return `${shown.join('; ')}${issues.length > SHOWN ? ` and ${issues.length - SHOWN} more` : ''}`;
};
