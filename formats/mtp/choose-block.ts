/** The number of elements along a dimension that share a scale, and whether it contradicts the config. */
export interface BlockChoice {
  readonly size: number;
  readonly contradictsConfig: boolean;
}

const KNOWN_SIZES = [1, 16, 32, 64, 128, 256] as const;

const fits = (dimension: number, grid: number, block: number): boolean => Math.ceil(dimension / block) === grid;

/**
 * Chooses the block size along one dimension of a weight from its scale's dimension: the config's size if it fits,
 * otherwise the only known size that fits. Never uses `dimension / grid`, because several sizes can give the same grid.
 *
 * @returns null if no known size fits, or more than one
 */
export const chooseBlock = (dimension: number, grid: number, configured: number | null): BlockChoice | null => {
  const fromConfig = configured !== null && fits(dimension, grid, configured);
  if (fromConfig) return { size: Math.min(configured, dimension), contradictsConfig: false };
  const contradictsConfig = configured !== null;
  if (grid === 1) return { size: dimension, contradictsConfig };
  const fitting = KNOWN_SIZES.filter((size) => fits(dimension, grid, size));
  const [size] = fitting;
  return size === undefined || fitting.length > 1 ? null : { size, contradictsConfig };
};
