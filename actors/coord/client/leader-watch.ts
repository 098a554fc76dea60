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
  let told = false;
  let stopped = false;

  const tell = (leader: Leader | undefined) => {
    if (stopped || (leader === undefined && !told && lowest !== undefined)) return;
    told = leader !== undefined;
    handler(leader);
  };
  const candidate = (name: string | undefined) => {
    if (name === lowest) return;
    following?.stop();
    lowest = name;
    if (name === undefined) {
      following = undefined;
      tell(undefined);
      return;
    }
    const path = `${options.parent}/${name}`;
    following = client.follow('get', path, (answer) => {
      if (lowest !== name) return;
      if (answer.ok && answer.value.kind === 'get')
        tell({ path, data: answer.value.data, czxid: answer.value.stat.czxid as Zxid });
      else if (!answer.ok && answer.error.code === 'NO_NODE') tell(undefined);
    });
  };
  const parent = client.follow('children', options.parent, (answer) => {
    if (answer.ok && answer.value.kind === 'children') {
      const name = candidatesOf(answer.value.children, options.prefix)[0];
      if (name === undefined && lowest === undefined) tell(undefined);
      else candidate(name);
    } else if (!answer.ok && answer.error.code === 'NO_NODE') {
      if (lowest === undefined) tell(undefined);
      else candidate(undefined);
    }
  });
  return {
    stop: () => {
      stopped = true;
      parent.stop();
      following?.stop();
    },
  };
}
