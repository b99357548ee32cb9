import { sanitizeLine } from '../core/text.js';

/** One value that differs between two plans; `undefined` if a side has no such value. */
export interface PlanChange {
  readonly path: string;
  readonly before: string | undefined;
  readonly after: string | undefined;
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

/** Returns the key that matches the items of two lists: their name, so that one inserted check is one change. */
const keyOf = (item: unknown, index: number): string => {
  if (!isObject(item)) return String(index);
  const name = item['code'] ?? item['path'] ?? item['kind'] ?? item['op'];
  return typeof name === 'string' ? name : String(index);
};

const children = (value: unknown): Map<string, unknown> => {
  if (!Array.isArray(value)) return isObject(value) ? new Map(Object.entries(value)) : new Map();
  const named = new Map<string, unknown>();
  for (const [index, item] of value.entries()) {
    const key = keyOf(item, index);
    named.set(named.has(key) ? `${key}#${index}` : key, item);
  }
  return named;
};

const show = (value: unknown): string | undefined =>
  value === undefined ? undefined : sanitizeLine(typeof value === 'string' ? value : JSON.stringify(value), 200);

/** Compares texts of several lines by line: otherwise a change of one word would print the whole card. */
const diffLines = (path: string, before: string, after: string): PlanChange[] => {
  const old = new Set(before.split('\n'));
  const fresh = new Set(after.split('\n'));
  const removed = [...old].filter((line) => !fresh.has(line));
  const added = [...fresh].filter((line) => !old.has(line));
  return Array.from({ length: Math.max(removed.length, added.length) }, (_, at) => ({
    path,
    before: show(removed[at]),
    after: show(added[at]),
  }));
};

/** Returns every leaf that differs between two plans (or any two JSON values), in the order of the plan's own fields. */
export const diffPlans = (before: unknown, after: unknown, path = ''): PlanChange[] => {
  if (Object.is(before, after)) return [];
  if (typeof before === 'string' && typeof after === 'string' && (before.includes('\n') || after.includes('\n')))
    return diffLines(path, before, after);
  if (!isObject(before) || !isObject(after)) return [{ path, before: show(before), after: show(after) }];
  const left = children(before);
  const right = children(after);
  const keys = [...new Set([...left.keys(), ...right.keys()])];
  return keys.flatMap((key) => diffPlans(left.get(key), right.get(key), path === '' ? key : `${path}.${key}`));
};
