import type { z } from 'zod';
import { sanitizeLine } from './text.js';

/** So many fields are named; with one wrong, others often follow. */
const SHOWN = 4;

const NOUNS: Readonly<Record<string, string>> = {
  object: 'an object',
  array: 'a list',
  string: 'a text',
  number: 'a number',
  boolean: 'true or false',
};

const messageOf = (issue: z.core.$ZodIssue): string => {
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

/** The fields of an input that a schema refuses, each with what is wrong with it, as one line. */
export const describeIssues = ({ issues }: z.ZodError): string => {
  const shown = issues.slice(0, SHOWN).map((issue) => sanitizeLine(`${issue.path.join('.') || 'the input'} ${messageOf(issue)}`, 160));
  return `${shown.join('; ')}${issues.length > SHOWN ? ` and ${issues.length - SHOWN} more` : ''}`;
};
