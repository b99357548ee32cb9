/** The first layer of the second and the third band, for the models whose bands larql has measured. */
const MEASURED: Readonly<Record<string, readonly [number, number]>> = {
  'gemma4 30': [12, 24],
  'gemma4 36': [15, 29],
  'llama 32': [13, 26],
};

const FEWEST_LAYERS = 8;

/**
 * Returns the three bands into which larql divides a model's layers; null for few layers. Only a few families are measured here,
 * since tests and demos use tiny models.
 */
export const layerBands = (family: string, layers: number): Record<string, number[]> | null => {
  const measured = MEASURED[`${family} ${layers}`];
  if (measured === undefined && layers < FEWEST_LAYERS) return null;
  const [knowledge, output] = measured ?? [Math.floor((layers * 2) / 5), Math.floor((layers * 4) / 5)];
  return { syntax: [0, knowledge - 1], knowledge: [knowledge, output - 1], output: [output, layers - 1] };
};
