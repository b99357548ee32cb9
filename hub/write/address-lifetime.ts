/** Lifetime of an address that does not state one: the Hub's shortest (`X-Amz-Expires` of a plain PUT). */
const DEFAULT_MS = 900_000;
/** No upload starts with an address that expires sooner than this. */
const MARGIN_MS = 60_000;

const amazonEnd = ({ searchParams }: URL): number | null => {
  const date = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(searchParams.get('X-Amz-Date') ?? '');
  const seconds = Number(searchParams.get('X-Amz-Expires') ?? NaN);
  if (date === null || !Number.isFinite(seconds)) return null;
  const [, year, month, day, hour, minute, second] = date.map(Number);
  return Date.UTC(year ?? 0, (month ?? 1) - 1, day, hour, minute, second) + seconds * 1000;
};

/**
 * Reads the end from `expiration`, as in the Hub's completion addresses, or from `Expires`, as in CloudFront's: seconds or
 * milliseconds since the epoch, or a date.
 */
const statedEnd = ({ searchParams }: URL): number | null => {
  const text = searchParams.get('expiration') ?? searchParams.get('Expires');
  if (text === null) return null;
  const number = Number(text);
  const at = Number.isFinite(number) ? number * (number < 1e11 ? 1000 : 1) : Date.parse(text);
  return Number.isNaN(at) ? null : at;
};

/** Returns the time when the first of these signed addresses expires, in milliseconds since the epoch. */
export const endOfAddresses = (urls: readonly URL[], requestedAt: number): number =>
  Math.min(...urls.map((url) => amazonEnd(url) ?? statedEnd(url) ?? requestedAt + DEFAULT_MS));

export const isAddressLive = (end: number, now: number): boolean => end - MARGIN_MS > now;
