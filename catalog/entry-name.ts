import { z } from 'zod';

/** Matches an entry's name, `source/key`. */
export const ENTRY_NAME = /^[a-z0-9]+(-[a-z0-9]+)*\/[a-z0-9]+(-[a-z0-9]+)*$/;
export const LONGEST_ENTRY_NAME = 200;

export const EntryName = z.string().max(LONGEST_ENTRY_NAME).regex(ENTRY_NAME, 'must be source/key');

export const isEntryName = (text: string): boolean => text.length <= LONGEST_ENTRY_NAME && ENTRY_NAME.test(text);
