/**
 * The znode that tells ZooKeeper's clients who the members are, in the form of its dynamic configuration. Only an entry
 * of the quorum changes it.
 */
import type { Zxid } from '../../../protocol/ids.ts';
import type { Configuration, TreeEvent } from '../../../protocol/operations.ts';
import { CONFIG_PATH } from '../../../protocol/paths.ts';
import { eventOf } from './acl.ts';
import type { Tree } from './tree.ts';

/** By their numbers; undefined while the address of a member is not known. */
function configText({ members, observers = [] }: Configuration, zxid: Zxid): string | undefined {
  const servers = [
    ...members.map(({ id, address }) => ({ id, address, role: 'participant' })),
    ...observers.map(({ id, address }) => ({ id, address, role: 'observer' })),
  ].sort((one, other) => one.id - other.id);
  const lines: string[] = [];
  for (const { id, address, role } of servers) {
    if (address === undefined) return undefined;
    const [ports, client] = address.split(';');
    lines.push(`server.${id}=${ports}:${role};${client}`);
  }
  return [...lines, `version=${zxid.toString(16)}`].join('\n');
}

/** The zxid is the version. False when there is nothing to be told: then nothing was changed. */
export function tellConfiguration(
  tree: Tree,
  configuration: Configuration,
  zxid: Zxid,
  events: TreeEvent[],
): boolean {
  const node = tree.find(CONFIG_PATH);
  const { wallMs } = configuration;
  const text = wallMs === undefined ? undefined : configText(configuration, zxid);
  if (node === undefined || wallMs === undefined || text === undefined) return false;
  tree.setData(node, new Uint8Array(Buffer.from(text)), zxid, wallMs);
  events.push(eventOf('dataChanged', CONFIG_PATH, node.acl));
  return true;
}
