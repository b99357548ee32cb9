/** One measured figure against its goal. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly goal: { readonly atMost: number } | { readonly atLeast: number };
  /** Describes the measurement, with the sizes that matter. */
  readonly how: string;
}

export const meets = ({ value, goal }: Figure): boolean => ('atMost' in goal ? value <= goal.atMost : value >= goal.atLeast);

export const goalText = ({ goal, unit }: Figure): string => ('atMost' in goal ? `<= ${goal.atMost} ${unit}` : `>= ${goal.atLeast} ${unit}`);

export const median = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? (sorted[middle] ?? 0) : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
};
