/** Formats a number with `decimals` decimals as Rust does: a tie rounds to the even digit, while JavaScript rounds up. */
export const fixed = (value: number, decimals: number): string => {
  const scaled = value * 10 ** decimals;
  const below = Math.floor(scaled);
  return scaled - below === 0.5 && below % 2 === 0 ? (below / 10 ** decimals).toFixed(decimals) : value.toFixed(decimals);
};
