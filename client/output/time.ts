/** Formats a time, for people or for programs. */
export type TimeText = (time: Date) => string;

/** Formats a time to the second, in UTC. */
export const isoTime: TimeText = (time) => time.toISOString().replace(/\.\d+Z$/, 'Z');

const UNITS = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1_000],
] as const;
const words = new Intl.RelativeTimeFormat('en', { numeric: 'always' });

/** Formats a time relative to now: `3 minutes ago`, `in 5 hours`. */
export const relativeTime = (time: Date, now = Date.now()): string => {
  const distance = time.getTime() - now;
  const [unit, length] = UNITS.find(([, least]) => Math.abs(distance) >= least) ?? ['second', 1_000];
  const count = Math.trunc(distance / length);
  return count === 0 ? 'now' : words.format(count, unit);
};

/** Formats a time that is stored as text; returns text that is not a time unchanged. */
export const writtenTime = (text: string, time: TimeText): string => {
  const moment = new Date(text);
  return Number.isNaN(moment.getTime()) ? text : time(moment);
};
