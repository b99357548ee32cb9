import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { faultOf, faultText, parseOrFaults } from '../../core/faults.js';
import { RepoId } from '../../core/ids.js';

const faults = (schema: z.ZodType, value: unknown, fields: readonly string[] = []): string[] => {
  const parsed = parseOrFaults(schema, value, () => fields);
  return 'faults' in parsed ? parsed.faults.map((fault) => faultText(fault)) : [];
};

describe('the message about a wrong value', () => {
  it.each<[string, z.ZodType, unknown, string]>([
    ['text instead of a number', z.coerce.number(), 'many', 'must be a number'],
    ['a fraction instead of a whole number', z.coerce.number().int(), '1.5', 'must be a whole number'],
    ['a number that is too small', z.number().min(1), 0, 'must be at least 1'],
    ['a number that is too large', z.number().max(16), 17, 'must be at most 16'],
    ['zero instead of a positive number', z.number().positive(), 0, 'must be more than 0'],
    ['text that is too long', z.string().max(96), 'x'.repeat(97), 'must have at most 96 characters'],
    ['text that is too short', z.string().min(2), 'x', 'must have at least 2 characters'],
    ['empty text', z.string().min(1), '', 'must not be empty'],
    ['an empty list', z.array(z.string()).min(1), [], 'must have at least one item'],
    ['a list that is too long', z.array(z.string()).max(1), ['a', 'b'], 'must have at most 1 item'],
    ['a number instead of text', z.string(), 1, 'must be text'],
    ['text instead of a list', z.array(z.string()), 'x', 'must be a list'],
    ['text instead of an object', z.object({}), 'x', 'must be an object with fields'],
    ['text instead of a boolean', z.boolean(), 'no', 'must be true or false'],
    ['another text than the literal', z.literal('allow'), 'x', 'must be allow'],
    ['an unknown value of two', z.enum(['a', 'b']), 'x', 'must be a or b'],
    ['an unknown value of three', z.enum(['a', 'b', 'c']), 'x', 'must be one of a, b, c'],
    ['text instead of a time', z.iso.datetime(), 'noon', 'must be a time, such as 2026-01-02T03:04:05Z'],
    ['a value outside of a union', z.union([z.string(), z.number()]), true, 'has the wrong form'],
    ['a missing value', z.string(), undefined, 'is missing'],
  ])('states the requirement for %s', (_, schema, value, message) => {
    expect(faultOf(schema, value)).toBe(message);
  });

  it("is the schema's own message if it has one", () => {
    expect(faultOf(RepoId, 'nobody')).toBe('must look like owner/name');
  });

  it('names the field, and suggests the nearest known field for an unknown one', () => {
    const schema = z.strictObject({ key: z.string(), tags: z.array(z.int()) });
    expect(faults(schema, { keys: 'x', tags: [1, 'two'] }, ['key', 'tags'])).toEqual([
      'key: is missing',
      'tags.1: must be a number',
      'keys: unknown field; did you mean key?',
    ]);
    expect(faults(z.string(), 1)).toEqual(['value: must be text']);
    expect(faults(schema, { key: 'x', tags: [] })).toEqual([]);
  });
});
