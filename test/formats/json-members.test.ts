import { describe, expect, it } from 'vitest';
import { readMembers, type ReadMember } from '../../formats/safetensors/json-members.js';

const MI = 1024 * 1024;
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Reads members with integers as values; records the read members and the number of attempts. */
const openIntegers = (inside: string | null = null) => {
  const members: [string, number][] = [];
  let attempts = 0;
  const readMember: ReadMember = (key, reader) => {
    attempts += 1;
    const value = reader.integer();
    return () => void members.push([key, value]);
  };
  const parsing = readMembers(readMember, inside);
  return { feed: (text: string) => parsing.feed(bytesOf(text)), end: () => parsing.end(), members, attempts: () => attempts };
};

describe('the members of a JSON object', () => {
  it('are read as soon as their text is complete', () => {
    const { feed, end, members } = openIntegers();
    feed('{"a":1');
    expect(members).toEqual([]);
    feed(',"b":2,"c":3');
    expect(members).toEqual([
      ['a', 1],
      ['b', 2],
    ]);
    feed('}');
    end();
    expect(members.slice(2)).toEqual([['c', 3]]);
  });

  it('are read inside the wanted member as soon as their text is complete', () => {
    const { feed, members } = openIntegers('map');
    feed('{"other":{"x":1},"map":{"a":1,');
    expect(members).toEqual([['a', 1]]);
  });

  it('are tried again only when there is twice as much text', () => {
    const { feed, members, attempts } = openIntegers();
    feed('{"a":1');
    feed('2345');
    expect(attempts()).toBe(1);
    feed('6');
    expect(attempts()).toBe(2);
    feed(',"b":1}   ');
    expect(members).toEqual([
      ['a', 123_456],
      ['b', 1],
    ]);
  });

  it('are refused when one of them does not end within 32 Mi characters', () => {
    const parsing = readMembers((_, reader) => {
      reader.skip();
      return () => undefined;
    });
    parsing.feed(bytesOf('{"a":'));
    const digits = bytesOf('1'.repeat(MI));
    for (let count = 0; count < 15; count += 1) parsing.feed(digits);
    const feedMore = (): void => {
      for (let count = 15; count < 32; count += 1) parsing.feed(digits);
    };
    expect(feedMore).toThrow(expect.objectContaining({ kind: 'integrity', code: 'formats/bad-json' }));
  });
});
