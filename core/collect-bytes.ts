/**
 * Reads a whole stream into memory. Unlike `buffer` of `node:stream/consumers`, which uses a thread, it ends in the same turn as
 * the stream, so that a simulated run always has the same order.
 */
export const collectBytes = async (stream: AsyncIterable<Uint8Array>): Promise<Buffer> => {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
};
