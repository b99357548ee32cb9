/** A moment as people or programs read it. */
export type TimeText = (time: Date) => string;

/** A moment to the second, in UTC. */
export const isoTime: TimeText = (time) => time.toISOString().replace(/\.\d+Z$/, 'Z');

const UNITS = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1_000],
] as const;
const words = new Intl.RelativeTimeFormat('en', { numeric: 'always' });

/** A moment as it is seen from now: `3 minutes ago`, `in 5 hours`. */
export const relativeTime = (time: Date, now = Date.now()): string => {
  const distance = time.getTime() - now;
  const [unit, length] = UNITS.find(([, least]) => Math.abs(distance) >= least) ?? ['second', 1_000];
  const count = Math.trunc(distance / length);
  return count === 0 ? 'now' : words.format(count, unit);
};

/** A moment that is written down as text; what is none is shown as it is. */
export const writtenTime = (text: string, time: TimeText): string => {
  const moment = new Date(text);
  return Number.isNaN(moment.getTime()) ? text : time(moment);
};
