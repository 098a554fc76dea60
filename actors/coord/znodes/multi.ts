/** A multi: all of its operations or none, in order, each seeing what those before it did. */
import { limits } from '../../../protocol/limits.ts';
import type { OperationResult, ZnodeOperation } from '../../../protocol/operations.ts';
import { type Context, NO_EVENTS } from './context.ts';
import { failure, multiFailure } from './result-codec.ts';
import { writeZnode } from './writes.ts';

export function writeMulti(
  context: Context,
  operations: readonly ZnodeOperation[],
): OperationResult {
  if (operations.length > limits.tcpMultiOperations)
    return failure(
      'PAYLOAD_TOO_LARGE',
      `a multi has at most ${limits.tcpMultiOperations} operations`,
    );
  if (bytesOf(operations) > limits.multiBytes)
    return failure('PAYLOAD_TOO_LARGE', `a multi has at most ${limits.multiBytes} bytes`);
  const results: OperationResult[] = [];
  context.tree.begin();
  for (const [index, operation] of operations.entries()) {
    const result = writeZnode(context, operation);
    if (result.kind === 'error') {
      context.tree.rollBack();
      context.events = NO_EVENTS;
      return multiFailure(result.error, index, operations.length);
    }
    results.push(result);
  }
  context.tree.commit();
  return { kind: 'multi', results };
}

function bytesOf(operations: readonly ZnodeOperation[]): number {
  let bytes = 0;
  for (const operation of operations) {
    bytes += operation.path.length;
    if (operation.kind === 'create' || operation.kind === 'set')
      bytes += operation.data?.length ?? 0;
  }
  return bytes;
}
