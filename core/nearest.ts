import { distance } from 'fastest-levenshtein';

/** The known name that was most likely meant, when one is near enough to be worth naming. */
export const nearestName = (given: string, known: Iterable<string>): string | undefined => {
  const limit = Math.max(2, Math.floor(given.length / 3));
  const [best] = [...known]
    .map((name) => ({ name, far: distance(given.toLowerCase(), name.toLowerCase()) }))
    .toSorted((a, b) => a.far - b.far);
  return best !== undefined && best.far <= limit ? best.name : undefined;
};
