/** The definition itself, for histories of a few operations: every choice of unknown writes, every order. */
import { isUnknown, type Operation, type Register } from './history.ts';

/** All operations are on one path. */
export function isLinearizable(operations: readonly Operation[], register: Register): boolean {
  if (operations.every(isUnknown)) return true;
  return operations.some((operation) => {
    const others = operations.filter((other) => other !== operation);
    if (others.some((other) => !isUnknown(other) && other.returnedMs < operation.invokedMs))
      return false;
    const after = applied(operation, register);
    return after !== undefined && isLinearizable(others, after);
  });
}

function applied(operation: Operation, register: Register): Register | undefined {
  const { data, version } = register;
  if (operation.kind === 'read')
    return operation.data === data && operation.version === version ? register : undefined;
  const { expected, outcome } = operation;
  const written =
    expected === -1 || expected === version
      ? { data: operation.data, version: version + 1 }
      : undefined;
  switch (outcome.kind) {
    case 'ok':
      return written?.version === outcome.version ? written : undefined;
    case 'badVersion':
      return written === undefined ? register : undefined;
    case 'unknown':
      return written;
  }
}
