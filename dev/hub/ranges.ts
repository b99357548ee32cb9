/** The part of `size` bytes that a `Range` header requests; `end` is exclusive. */
type RequestedRange =
  | { readonly kind: 'whole' }
  | { readonly kind: 'slice'; readonly start: number; readonly end: number }
  | { readonly kind: 'unsatisfiable' };

/** Parses one byte range (RFC 9110 §14). Ignores other units, several ranges and malformed values, as the Hub's CDN does. */
export const parseRange = (header: string | undefined, size: number): RequestedRange => {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header?.trim() ?? '');
  if (match === null) return { kind: 'whole' };
  const [, first = '', last = ''] = match;
  if (first === '' && last === '') return { kind: 'whole' };
  if (first === '') {
    const length = Math.min(Number(last), size);
    return length === 0 ? { kind: 'unsatisfiable' } : { kind: 'slice', start: size - length, end: size };
  }
  const start = Number(first);
  if (last !== '' && Number(last) < start) return { kind: 'whole' };
  if (start >= size) return { kind: 'unsatisfiable' };
  return { kind: 'slice', start, end: last === '' ? size : Math.min(Number(last) + 1, size) };
};
