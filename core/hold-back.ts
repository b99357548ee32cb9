/**
 * Passes a stream on and holds its last piece back until the stream has ended well. A request whose body fails before
 * its end never completes: what throws at the end of `bytes` keeps the far end from taking any of them.
 */
export async function* holdBackLast(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let held: Uint8Array | null = null;
  for await (const chunk of bytes) {
    if (held !== null) yield held;
    held = chunk;
  }
  if (held !== null) yield held;
}
