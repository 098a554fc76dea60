/** Follows who leads: the lowest candidate under a parent, and its data. */
import type { Zxid } from '../../../protocol/ids.ts';
import type { CoordClient, ElectionOptions, Leader, LeaderWatch } from './contract.ts';
import { candidatesOf } from './election.ts';

/**
 * `handler` is told the leader, and again whenever it or its data change; undefined when there is no candidate. While
 * the quorum does not answer, the last one told stands.
 */
export function watchLeader(
  client: CoordClient,
  options: Pick<ElectionOptions, 'parent' | 'prefix'>,
  handler: (leader: Leader | undefined) => void,
): LeaderWatch {
  let lowest: string | undefined;
  let following: { stop(): void } | undefined;
  let stopped = false;
  /** Whether the handler was told that there is no leader; undefined before it was told anything. */
  let toldNone: boolean | undefined;

  const tell = (leader: Leader | undefined) => {
    const none = leader === undefined;
    if (stopped || (none && toldNone === true)) return;
    toldNone = none;
    handler(leader);
  };
  const follow = (name: string) => {
    const path = `${options.parent}/${name}`;
    return client.follow('get', path, (answer) => {
      if (lowest !== name) return;
      if (answer.ok && answer.value.kind === 'get')
        tell({ path, data: answer.value.data, czxid: answer.value.stat.czxid as Zxid });
    });
  };
  const candidate = (name: string | undefined) => {
    if (name === undefined) tell(undefined);
    if (name === lowest) return;
    following?.stop();
    lowest = name;
    following = name === undefined ? undefined : follow(name);
  };
  const parent = client.follow('children', options.parent, (answer) => {
    if (answer.ok && answer.value.kind === 'children')
      candidate(candidatesOf(answer.value.children, options.prefix)[0]);
    else if (!answer.ok && answer.error.code === 'NO_NODE') candidate(undefined);
  });
  return {
    stop: () => {
      stopped = true;
      parent.stop();
      following?.stop();
    },
  };
}
