/** A list in pieces of so many items, the last one perhaps smaller. */
export const chunkArray = <T>(items: readonly T[], size: number): T[][] =>
  Array.from({ length: Math.ceil(items.length / size) }, (_, at) => items.slice(at * size, (at + 1) * size));
