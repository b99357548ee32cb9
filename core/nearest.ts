import { distance } from 'fastest-levenshtein';

/** Returns the known name closest to `given`, or undefined if none is close enough to suggest. */
export const nearestName = (given: string, known: Iterable<string>): string | undefined => {
  const limit = Math.max(2, Math.floor(given.length / 3));
  const [best] = [...known]
    .map((name) => ({ name, far: distance(given.toLowerCase(), name.toLowerCase()) }))
    .toSorted((a, b) => a.far - b.far);
  return best !== undefined && best.far <= limit ? best.name : undefined;
};
