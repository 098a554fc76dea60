/**
 * A znode's data on their way into the tree and out of it: bytes, and one value of its own for data that were written
 * as null. The tree copies what it is given (data-store.ts), so views of something larger are as good as any.
 */
export const NO_DATA = new Uint8Array(0);
/** Known by its identity; its length is that of no bytes, which is all that most of the code asks for. */
export const NULL_DATA = new Uint8Array(0);

export function dataOrNull(bytes: Uint8Array | null): Uint8Array {
  return bytes ?? NULL_DATA;
}
