/** What every recipe is made of: a session, the ports, and requests that are asked until they are answered. */
import { MesozooError } from '../../../../protocol/errors.ts';
import { parentOf } from '../../../../protocol/paths.ts';
import type {
  ZnodeReplies,
  ZnodeRequest,
  ZnodeRequestName,
} from '../../../../protocol/znode-api.ts';
import type { Ports } from '../../../actor.ts';
import type { Answer, CoordClient } from '../contract.ts';
import { isPassing } from '../lane.ts';

export interface RecipeParts {
  readonly client: CoordClient;
  readonly clock: Ports['clock'];
  readonly random: Ports['random'];
  readonly log: Ports['log'];
}

const RETRY_MS = 200;

/**
 * Asks until the answer is no passing trouble, or the session is closed. Only for what may be carried out twice: reads,
 * and deletions, whose second answer is NO_NODE.
 */
export function insist<Name extends ZnodeRequestName>(
  parts: RecipeParts,
  name: Name,
  request: ZnodeRequest<Name>,
  done: (answer: Answer<ZnodeReplies[Name]>) => void,
): void {
  parts.client.request(name, request, (answer) => {
    const again =
      !answer.ok &&
      (isPassing(answer.error) || answer.error.code === 'REPLY_FORGOTTEN') &&
      parts.client.state !== 'closed';
    if (!again) done(answer);
    else parts.clock.after(RETRY_MS, () => insist(parts, name, request, done));
  });
}

/** Removes a node whatever its version; one that is not there is no failure. Given up when the session is gone. */
export function remove(parts: RecipeParts, path: string, done: () => void = () => undefined): void {
  insist(parts, 'delete', { path }, (answer) => {
    if (!answer.ok && answer.error.code !== 'NO_NODE' && answer.error.code !== 'SESSION_EXPIRED')
      parts.log.warn('node not removed', { path, error: answer.error });
    done();
  });
}

/** Makes a persistent node and those above it where they are missing. */
export function ensure(
  parts: RecipeParts,
  path: string,
  done: (error: MesozooError | undefined) => void,
): void {
  if (path === '/') {
    parts.clock.after(0, () => done(undefined));
    return;
  }
  insist(parts, 'create', { path }, (answer) => {
    if (answer.ok || answer.error.code === 'NODE_EXISTS') done(undefined);
    else if (answer.error.code !== 'NO_NODE') done(answer.error);
    else
      ensure(parts, parentOf(path), (error) => {
        if (error === undefined) ensure(parts, path, done);
        else done(error);
      });
  });
}

/** Makes an ephemeral node of this session, and its parents. NODE_EXISTS when it is another session's. */
export function createEphemeral(
  parts: RecipeParts,
  path: string,
  data: string | Uint8Array,
  done: (answer: Answer<{ readonly czxid: number }>) => void,
): void {
  insist(parts, 'create', { path, data, ephemeral: true }, (answer) => {
    if (answer.ok) done({ ok: true, value: answer.value.stat });
    else if (answer.error.code === 'NO_NODE')
      ensure(parts, parentOf(path), (error) => {
        if (error === undefined) createEphemeral(parts, path, data, done);
        else done({ ok: false, error });
      });
    else if (answer.error.code !== 'NODE_EXISTS') done(answer);
    // It may be ours: made by a try whose answer was lost.
    else
      insist(parts, 'exists', { path }, (found) => {
        if (!found.ok) done(found);
        else if (found.value.stat === undefined) createEphemeral(parts, path, data, done);
        else if (found.value.stat.ephemeralOwner !== parts.client.session) done(answer);
        else done({ ok: true, value: found.value.stat });
      });
  });
}

/** The names of all children; none where the node is not there. */
export function childrenOf(
  parts: RecipeParts,
  path: string,
  done: (answer: Answer<readonly string[]>) => void,
  before: readonly string[] = [],
): void {
  const after = before.at(-1);
  const request = { path, ...(after !== undefined && { after }) };
  insist(parts, 'children', request, (answer) => {
    if (!answer.ok) {
      if (answer.error.code === 'NO_NODE') done({ ok: true, value: [] });
      else done(answer);
      return;
    }
    const names = [...before, ...answer.value.children];
    if (answer.value.more) childrenOf(parts, path, done, names);
    else done({ ok: true, value: names });
  });
}

export function bytesOf(data: string | Uint8Array): Uint8Array {
  return typeof data === 'string' ? new TextEncoder().encode(data) : data;
}

export function textOf(data: Uint8Array): string {
  return new TextDecoder().decode(data);
}

/** The session was closed by its own program while something waited. */
export function sessionClosed(): MesozooError {
  return new MesozooError('UNAVAILABLE', 'the session is closed');
}
