/** Returns a seeded stream of 32-bit numbers (splitmix32): the same seed gives the same checkpoint on every machine. */
export const randomNumbers = (seed: number): (() => number) => {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let mixed = state ^ (state >>> 16);
    mixed = Math.imul(mixed, 0x21f0aaad);
    mixed ^= mixed >>> 15;
    mixed = Math.imul(mixed, 0x735a2d97);
    return (mixed ^ (mixed >>> 15)) >>> 0;
  };
};

/** Fills bytes from a seed, four at a time. */
export const fillRandom = (bytes: Uint8Array, seed: number): void => {
  const next = randomNumbers(seed);
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset, Math.floor(bytes.byteLength / 4));
  for (let at = 0; at < words.length; at += 1) words[at] = next();
  for (let at = words.length * 4; at < bytes.byteLength; at += 1) bytes[at] = next() & 0xff;
};
