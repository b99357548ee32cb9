import { BeyondLimit, SwpError } from '../../core/error.js';
import { JsonReader } from './json-reader.js';

/** Characters of one member: none of a header or an index comes near it. */
const MAX_MEMBER = 16 * 1024 * 1024;
/** Members of one object; a checkpoint has fewer tensors. */
const MAX_MEMBERS = 2 ** 18;
/** Characters of all keys, which are kept to find one that stands twice. */
const MAX_KEYS = 32 * 1024 * 1024;
/** Bytes that are decoded at once. */
const BLOCK = 256 * 1024;

/** Something that is made of a file's bytes while they arrive. */
export interface Parsing<T> {
  feed(bytes: Uint8Array): void;
  /** What was made, when there are no more bytes. */
  end(): T;
}

/**
 * Reads a member's value, and tells what to do with it when it is complete. It may be called again for the
 * same member, with more of the text: only the function that it returns may leave traces.
 */
export type ReadMember = (key: string, reader: JsonReader) => () => void;

interface OpenObject {
  readonly seen: Set<string>;
  readonly inside: boolean;
}

/**
 * Hands over the members of one object, one after another, while its text arrives: only one member's text is
 * in memory. Keys must be distinct.
 *
 * @param inside key of the outermost object whose members are read instead of its own; the others are skipped
 * @throws SwpError `formats/bad-json`, `formats/bad-utf8` from `feed` and `end`
 */
export const readMembers = (readMember: ReadMember, inside: string | null = null): Parsing<void> => {
  const reader = new JsonReader();
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  const objects: OpenObject[] = [];
  let begun = false;
  let found = inside === null;
  let tried = 0;
  let keyCharacters = 0;

  const refuse = (message: string): never => {
    throw new SwpError('integrity', 'formats/bad-json', message);
  };

  const refuseMore = (message: string): never => {
    throw new BeyondLimit('integrity', 'formats/bad-json', message);
  };

  const begin = (): void => {
    reader.open('{');
    begun = true;
    objects.push({ seen: new Set(), inside: inside === null });
  };

  const take = (seen: Set<string>, key: string): void => {
    seen.add(key);
    keyCharacters += key.length;
  };

  /** Reads one member, with what parts it from the one before. What it changes, it changes at its end. */
  const step = (object: OpenObject): void => {
    const { seen } = object;
    if (reader.closes('}', seen.size === 0)) {
      objects.pop();
      return;
    }
    if (seen.size >= MAX_MEMBERS) refuseMore(`One object of its JSON has more than ${MAX_MEMBERS} members.`);
    const key = reader.key(seen);
    if (keyCharacters + key.length > MAX_KEYS) refuseMore(`The keys of its JSON have more than ${MAX_KEYS} characters.`);
    if (!object.inside && key === inside) {
      reader.open('{');
      take(seen, key);
      objects.push({ seen: new Set(), inside: true });
      found = true;
      return;
    }
    const keep = object.inside ? readMember(key, reader) : reader.skip();
    take(seen, key);
    keep?.();
  };

  const next = (): void => {
    const object = objects.at(-1);
    if (object !== undefined) step(object);
    else if (begun) reader.end();
    else begin();
  };

  const read = (text: string): void => {
    reader.append(text);
    // A member that was not all there is read again only when there is twice as much of it.
    if (reader.left < 2 * tried) return;
    while (reader.attempt(next));
    tried = reader.left;
    if (tried > MAX_MEMBER) refuse(`One member of its JSON has more than ${MAX_MEMBER} characters.`);
  };

  const decode = (bytes: Uint8Array | undefined): string => {
    try {
      return decoder.decode(bytes, { stream: bytes !== undefined });
    } catch (cause) {
      throw new SwpError('integrity', 'formats/bad-utf8', 'The text is not UTF-8.', { cause });
    }
  };

  return {
    feed: (bytes) => {
      for (let at = 0; at < bytes.byteLength; at += BLOCK) read(decode(bytes.subarray(at, at + BLOCK)));
    },
    end: () => {
      reader.append(decode(undefined));
      reader.finish();
      if (!begun) begin();
      for (let object = objects.at(-1); object !== undefined; object = objects.at(-1)) step(object);
      reader.end();
      if (!found) refuse(`It has no ${inside}.`);
    },
  };
};
