const CHUNK = 1024 ** 2;

/** Yields `bytes` zeros, rounded up to whole chunks of 1 MiB: a large file that costs nothing to make. */
export async function* zeros(bytes: number): AsyncGenerator<Uint8Array> {
  const chunk = new Uint8Array(CHUNK);
  for (let at = 0; at < bytes; at += chunk.byteLength) yield await Promise.resolve(chunk);
}
