import { z } from 'zod';
import { nearestName } from './nearest.js';

/** One problem with a value. The message says what would be valid. */
export interface Fault {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

type RawIssue = z.core.$ZodRawIssue;

const TYPES: ReadonlyMap<string, string> = new Map([
  ['string', 'text'],
  ['number', 'a number'],
  ['int', 'a whole number'],
  ['boolean', 'true or false'],
  ['array', 'a list'],
  ['tuple', 'a list'],
  ['object', 'an object with fields'],
  ['record', 'an object with fields'],
  ['null', 'null'],
]);

const formatAlternatives = (values: readonly unknown[]): string => {
  const words = values.map(String);
  return words.length < 3 ? words.join(' or ') : `one of ${words.join(', ')}`;
};

const formatCount = (count: number | bigint, noun: string): string => `${count} ${noun}${Number(count) === 1 ? '' : 's'}`;

/** Describes a violated limit on the number of characters or items, or on the number itself. */
const describeLimit = (origin: string, limit: number | bigint, bound: 'least' | 'most', inclusive: boolean): string => {
  if (origin === 'string' || origin === 'array') {
    const noun = origin === 'string' ? 'character' : 'item';
    if (bound === 'least' && Number(limit) === 1) return origin === 'string' ? 'must not be empty' : 'must have at least one item';
    return `must have at ${bound} ${formatCount(limit, noun)}`;
  }
  if (inclusive) return `must be at ${bound} ${limit}`;
  return `must be ${bound === 'least' ? 'more' : 'less'} than ${limit}`;
};

/** Describes the problem in terms of the value, not of the schema as zod does. A schema's own message takes precedence. */
const issueMessage = (issue: RawIssue): string => {
  switch (issue.code) {
    case 'invalid_type':
      return issue.input === undefined ? 'is missing' : `must be ${TYPES.get(issue.expected) ?? issue.expected}`;
    case 'too_small':
      return describeLimit(issue.origin, issue.minimum, 'least', issue.inclusive !== false);
    case 'too_big':
      return describeLimit(issue.origin, issue.maximum, 'most', issue.inclusive !== false);
    case 'invalid_value':
      return issue.input === undefined ? 'is missing' : `must be ${formatAlternatives(issue.values)}`;
    case 'not_multiple_of':
      return `must be a multiple of ${issue.divisor}`;
    case 'unrecognized_keys':
      return 'unknown field';
    case 'invalid_format':
      return issue.format === 'datetime'
        ? 'must be a time, such as 2026-01-02T03:04:05Z'
        : issue.format === 'url'
          ? 'must be an address'
          : 'has the wrong form';
    case 'invalid_union':
      return issue.input === undefined ? 'is missing' : 'has the wrong form';
    default:
      return 'is not valid here';
  }
};

const plainPath = (path: readonly PropertyKey[]): (string | number)[] =>
  path.map((part) => (typeof part === 'symbol' ? String(part) : part));

const unknownField = (key: string, known: readonly string[]): string => {
  const near = nearestName(key, known);
  return near === undefined ? 'unknown field' : `unknown field; did you mean ${near}?`;
};

/** Returns the names of a schema's fields at a path, so that a mistyped name gets a suggestion. */
type FieldsAt = (path: readonly PropertyKey[]) => readonly string[];

/** Maximum number of faults reported. No reader needs more, and a hostile value can have millions. */
const MAX_FAULTS = 1_000;

/** Parses a value or returns its faults. This is the only place that translates schema issues into messages for people. */
export const parseOrFaults = <S extends z.ZodType>(
  schema: S,
  value: unknown,
  fieldsAt: FieldsAt = () => [],
): { readonly data: z.output<S> } | { readonly faults: readonly Fault[] } => {
  const parsed = schema.safeParse(value, { error: issueMessage });
  if (parsed.success) return { data: parsed.data };
  return {
    faults: parsed.error.issues.slice(0, MAX_FAULTS).flatMap((issue): Fault[] => {
      const path = plainPath(issue.path);
      if (issue.code !== 'unrecognized_keys') return [{ path, message: issue.message }];
      return issue.keys.slice(0, MAX_FAULTS).map((key) => ({ path: [...path, key], message: unknownField(key, fieldsAt(issue.path)) }));
    }),
  };
};

/**
 * A list schema that stops at the first invalid element: the faults of millions of invalid elements would exhaust
 * memory.
 */
export const listToFirstFault = <E extends z.ZodType>(element: E) =>
  z.array(z.unknown()).transform((values, context): z.output<E>[] => {
    const list: z.output<E>[] = [];
    for (const [at, value] of values.entries()) {
      const parsed = parseOrFaults(element, value);
      if ('faults' in parsed) {
        const [first] = parsed.faults;
        context.addIssue({ code: 'custom', path: [at, ...(first?.path ?? [])], message: first?.message ?? 'is not valid here' });
        return z.NEVER;
      }
      list.push(parsed.data);
    }
    return list;
  });

/** Returns the first fault of a value without fields, or undefined if the value is valid. */
export const faultOf = (schema: z.ZodType, value: unknown): string | undefined => {
  const parsed = parseOrFaults(schema, value);
  return 'faults' in parsed ? parsed.faults[0]?.message : undefined;
};

/** Formats a fault with the path of its field. */
export const faultText = ({ path, message }: Fault, whole = 'value'): string => `${path.join('.') || whole}: ${message}`;

/** A schema for a whole number in a setting, which arrives as text. */
export const wholeNumber = (least: number, most: number) => {
  const form = `must be a whole number from ${least} to ${most}`;
  return z.coerce.number(form).int(form).min(least, form).max(most, form);
};
