/** The admin commands about the members, as ZooKeeper's JSON has them. */
import { memberText } from '../words/configuration.ts';
import { hex, type MemberReport, type ServerReport } from '../words/report.ts';
import type { AdminBody } from './commands.ts';

export function leaderBody({ mode, leaderId, leaderAddress }: ServerReport): AdminBody {
  if (mode === 'standalone') return { error: 'server is not initialized' };
  return {
    is_leader: mode === 'leader',
    leader_id: leaderId ?? -1,
    leader_ip: leaderAddress ?? '',
  };
}

/** They follow the leader, and so are its own. */
export function observersBody({ members, mode }: ServerReport): AdminBody {
  const observers = members.filter(
    ({ role, isSynced }) => mode === 'leader' && role === 'observer' && isSynced,
  );
  return {
    synced_observers: observers.length,
    observers: observers.map((member) => ({ sid: member.id, address: memberText(member) })),
  };
}

export function votingViewBody({ mode, members }: ServerReport): AdminBody {
  if (mode === 'standalone') return { current_config: {} };
  const voters = members.filter(({ role }) => role === 'participant');
  return { current_config: Object.fromEntries(voters.map((member) => [member.id, view(member)])) };
}

function view(member: MemberReport): AdminBody {
  const { quorum, role } = member;
  return {
    server_addresses: quorum === undefined ? [] : [addressText(quorum.host, quorum.port)],
    election_addresses: quorum === undefined ? [] : [addressText(quorum.host, quorum.electionPort)],
    client_address: clientAddress(member),
    learner_type: role,
  };
}

export function zabStateBody(report: ServerReport): AdminBody {
  const { mode, members, serverId, isServing, zxid } = report;
  if (mode === 'standalone') return { voting: false, zabstate: '' };
  const own = members.find(({ id }) => id === serverId);
  const quorum = own?.quorum;
  return {
    myid: serverId,
    is_leader: mode === 'leader',
    quorum_address: quorum === undefined ? null : addresses(quorum.host, quorum.port),
    election_address: quorum === undefined ? null : addresses(quorum.host, quorum.electionPort),
    client_address: own === undefined ? '' : clientAddress(own),
    voting: own?.role === 'participant',
    last_zxid: hex(zxid),
    zab_epoch: Number(zxid >> 32n),
    zab_counter: Number(zxid & 0xffffffffn),
    zabstate: isServing && mode !== 'read-only' ? 'broadcast' : 'election',
  };
}

/** A server of ZooKeeper may have several addresses, and tells of each set of them; here there is one. */
function addresses(host: string, port: number): AdminBody {
  const address = addressText(host, port);
  return {
    empty: false,
    all_addresses: [address],
    all_reachable_addresses: [address],
    one: address,
    reachable_address: address,
    wildcard_addresses: [`0.0.0.0:${port}`],
    all_ports: [port],
    all_host_strings: [host],
    all_reachable_addresses_or_all: [address],
    reachable_or_one: address,
  };
}

const clientAddress = ({ address, clientPort }: MemberReport) => addressText(address, clientPort);

function addressText(host: string, port: number): string {
  return host.includes(':') && !host.startsWith('[') ? `[${host}]:${port}` : `${host}:${port}`;
}
