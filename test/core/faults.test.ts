import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { faultOf, faultText, parseOrFaults } from '../../core/faults.js';
import { RepoId } from '../../core/ids.js';

const faults = (schema: z.ZodType, value: unknown, fields: readonly string[] = []): string[] => {
  const parsed = parseOrFaults(schema, value, () => fields);
  return 'faults' in parsed ? parsed.faults.map((fault) => faultText(fault)) : [];
};

describe('what is wrong with a value', () => {
  it.each<[string, z.ZodType, unknown, string]>([
    ['no number', z.coerce.number(), 'many', 'must be a number'],
    ['no whole number', z.coerce.number().int(), '1.5', 'must be a whole number'],
    ['too little', z.number().min(1), 0, 'must be at least 1'],
    ['too much', z.number().max(16), 17, 'must be at most 16'],
    ['not positive', z.number().positive(), 0, 'must be more than 0'],
    ['too long', z.string().max(96), 'x'.repeat(97), 'must have at most 96 characters'],
    ['too short', z.string().min(2), 'x', 'must have at least 2 characters'],
    ['empty', z.string().min(1), '', 'must not be empty'],
    ['an empty list', z.array(z.string()).min(1), [], 'must have an item'],
    ['a long list', z.array(z.string()).max(1), ['a', 'b'], 'must have at most 1 item'],
    ['no text', z.string(), 1, 'must be text'],
    ['no list', z.array(z.string()), 'x', 'must be a list'],
    ['no object', z.object({}), 'x', 'must be an object with fields'],
    ['neither true nor false', z.boolean(), 'no', 'must be true or false'],
    ['no literal', z.literal('allow'), 'x', 'must be allow'],
    ['one of two', z.enum(['a', 'b']), 'x', 'must be a or b'],
    ['one of three', z.enum(['a', 'b', 'c']), 'x', 'must be one of a, b, c'],
    ['no time', z.iso.datetime(), 'noon', 'must be a time, as 2026-01-02T03:04:05Z'],
    ['no member of a union', z.union([z.string(), z.number()]), true, 'must be of another form'],
    ['nothing', z.string(), undefined, 'is missing'],
  ])('is said of %s', (_, schema, value, message) => {
    expect(faultOf(schema, value)).toBe(message);
  });

  it("is said in a schema's own words, where it has any", () => {
    expect(faultOf(RepoId, 'nobody')).toBe('must look like owner/name');
  });

  it('is said with the field, and for an unknown one with that which was meant', () => {
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
