/**
 * Forwards a stream and withholds its last chunk until the stream ends without an error. A request whose body fails
 * before its end never completes, so an error at the end of `bytes` keeps the server from accepting any of them.
 */
export async function* holdBackLast(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let held: Uint8Array | null = null;
  for await (const chunk of bytes) {
    if (held !== null) yield held;
    held = chunk;
  }
  if (held !== null) yield held;
}
