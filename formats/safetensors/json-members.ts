import { BeyondLimit, SwpError } from '../../core/error.js';
import { JsonReader } from './json-reader.js';

/** A member that is incomplete after this many characters is refused; no member of a header or an index is nearly as long. */
const MAX_MEMBER = 16 * 1024 * 1024;
/** Maximum members of one object; a checkpoint has fewer tensors. */
const MAX_MEMBERS = 2 ** 18;
/** Maximum characters of all keys, which are kept to find duplicates. */
const MAX_KEYS = 32 * 1024 * 1024;
/** Bytes that are decoded in one step. */
const BLOCK_BYTES = 256 * 1024;

/** An incremental parser of a file's bytes. */
export interface Parsing<T> {
  feed(bytes: Uint8Array): void;
  /** Returns the result after the last byte. */
  end(): T;
}

/**
 * Reads a member's value, and returns a function that stores it. It may be called again for the same member when more text
 * has arrived, so only the returned function may have side effects.
 */
export type ReadMember = (key: string, reader: JsonReader) => () => void;

interface OpenObject {
  readonly seen: Set<string>;
  readonly inside: boolean;
}

/**
 * Reads the members of one object, one after another, while its text arrives: only one member's text is in memory. Keys
 * must be distinct.
 *
 * @param inside a key of the outermost object: the members of its value are read, all other members are skipped
 * @throws SwpError `formats/bad-json`, `formats/bad-utf8` from `feed` and `end`
 */
export const readMembers = (readMember: ReadMember, inside: string | null = null): Parsing<void> => {
  const reader = new JsonReader();
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  const objects: OpenObject[] = [];
  let hasBegun = false;
  let found = inside === null;
  let attemptedLength = 0;
  let keyCharacters = 0;

  const refuse = (message: string): never => {
    throw new SwpError('integrity', 'formats/bad-json', message);
  };

  const refuseBeyondLimit = (message: string): never => {
    throw new BeyondLimit('integrity', 'formats/bad-json', message);
  };

  const begin = (): void => {
    reader.open('{');
    hasBegun = true;
    objects.push({ seen: new Set(), inside: inside === null });
  };

  const recordKey = (seen: Set<string>, key: string): void => {
    seen.add(key);
    keyCharacters += key.length;
  };

  /** Reads one member and the separator before it. Changes its state only after everything has been read. */
  const readNextMember = (object: OpenObject): void => {
    const { seen } = object;
    if (reader.closes('}', seen.size === 0)) {
      objects.pop();
      return;
    }
    if (seen.size >= MAX_MEMBERS) refuseBeyondLimit(`One object of its JSON has more than ${MAX_MEMBERS} members.`);
    const key = reader.key(seen);
    if (keyCharacters + key.length > MAX_KEYS) refuseBeyondLimit(`The keys of its JSON have more than ${MAX_KEYS} characters.`);
    if (!object.inside && key === inside) {
      reader.open('{');
      recordKey(seen, key);
      objects.push({ seen: new Set(), inside: true });
      found = true;
      return;
    }
    const keep = object.inside ? readMember(key, reader) : reader.skip();
    recordKey(seen, key);
    keep?.();
  };

  const next = (): void => {
    const object = objects.at(-1);
    if (object !== undefined) readNextMember(object);
    else if (hasBegun) reader.end();
    else begin();
  };

  const read = (text: string): void => {
    reader.append(text);
    // Retries an incomplete member only when there is twice as much text.
    if (reader.left < 2 * attemptedLength) return;
    while (reader.attempt(next));
    attemptedLength = reader.left;
    if (attemptedLength > MAX_MEMBER) refuse(`One member of its JSON has more than ${MAX_MEMBER} characters.`);
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
      for (let at = 0; at < bytes.byteLength; at += BLOCK_BYTES) read(decode(bytes.subarray(at, at + BLOCK_BYTES)));
    },
    end: () => {
      reader.append(decode(undefined));
      reader.finish();
      if (!hasBegun) begin();
      for (let object = objects.at(-1); object !== undefined; object = objects.at(-1)) readNextMember(object);
      reader.end();
      if (!found) refuse(`It has no ${inside}.`);
    },
  };
};
