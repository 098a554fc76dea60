/** The operations of a slot that have changed the tree, for checkers that look at certain paths. */
import { decodeEntry, decodeOperation } from '../../actors/coord/znodes/operation-codec.ts';
import type { ZnodeOperation } from '../../protocol/operations.ts';
import type { AppliedSlot } from './truth.ts';

export function* appliedOperations({ value, applied }: AppliedSlot): Generator<ZnodeOperation> {
  if (typeof value === 'string') return;
  const { operations } = decodeEntry(value);
  for (const [index, bytes] of operations.entries()) {
    const outcome = applied[index];
    if (outcome === undefined || outcome.repeat || outcome.result.kind === 'error') continue;
    const { body } = decodeOperation(bytes);
    if (body.kind === 'multi') yield* body.operations;
    else if (body.kind === 'create' || body.kind === 'set' || body.kind === 'delete') yield body;
  }
}
