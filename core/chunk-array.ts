/** Splits a list into chunks of `size` items; the last chunk may be smaller. */
export const chunkArray = <T>(items: readonly T[], size: number): T[][] =>
  Array.from({ length: Math.ceil(items.length / size) }, (_, at) => items.slice(at * size, (at + 1) * size));
