/** The syntax in which ZooKeeper's clients name servers: `server.4=HOST:2888:3888:participant;HOST:2181`, or `:observer;`. */
import { MesozooError } from '../../../protocol/errors.ts';
import type { MemberId } from '../../../protocol/ids.ts';

export interface ServerLine {
  readonly id: MemberId;
  readonly role: 'participant' | 'observer';
  /** As in a configuration (`QuorumMember`). */
  readonly address: string;
}

/** Where a port alone is given. */
const ANY_HOST = '0.0.0.0';
const MEMBER_MAX = 255;

/** Throws BAD_REQUEST, and MARSHALLING_ERROR for a number that is none, as ZooKeeper does. */
export function parseServerLine(line: string): ServerLine {
  const [name = '', spec = '', ...more] = line.split('=').map((part) => part.trim());
  if (more.length > 0 || spec === '') throw bad(line, 'it is not of the form server.N=…');
  const id = parseServerId(name.slice(name.lastIndexOf('.') + 1));
  const [servers = '', client = '', ...rest] = spec.split(';').map((part) => part.trim());
  if (rest.length > 0) throw bad(line, 'it has more than one ";"');
  const [host = '', quorumPort = '', electionPort = '', named = 'participant', ...others] =
    partsOf(servers);
  if (others.length > 0 || host === '' || !isPort(quorumPort) || !isPort(electionPort))
    throw bad(line, 'it needs HOST:PORT:PORT before the ";"');
  const role = named.toLowerCase();
  if (role !== 'participant' && role !== 'observer') throw bad(line, `there is no role ${named}`);
  const clientParts = partsOf(client);
  const clientPort = clientParts.pop() ?? '';
  const clientHost = clientParts.pop() ?? ANY_HOST;
  if (clientParts.length > 0 || clientHost === '' || !isPort(clientPort))
    throw bad(line, 'it needs HOST:PORT or PORT for clients behind a ";"');
  const address = `${host}:${quorumPort}:${electionPort};${clientHost}:${clientPort}`;
  return { id, role, address };
}

/** Throws MARSHALLING_ERROR for what is no number, BAD_REQUEST for one that no server of ZooKeeper has. */
export function parseServerId(text: string): MemberId {
  if (!/^[+-]?\d+$/.test(text))
    throw new MesozooError('MARSHALLING_ERROR', `"${text}" is not the number of a server`);
  const id = Number(text);
  if (id < 1) throw outOfRange();
  return id as MemberId;
}

/**
 * ZooKeeper knows no greatest number: who may not change the members is to be told that, whatever the number, so this
 * is asked last. Throws BAD_REQUEST.
 */
export function refuseNumbersOutOfRange(servers: readonly { readonly id: MemberId }[]): void {
  if (servers.some(({ id }) => id > MEMBER_MAX)) throw outOfRange();
}

function outOfRange(): MesozooError {
  return new MesozooError('BAD_REQUEST', `members have numbers from 1 to ${MEMBER_MAX}`);
}

/** An address of IPv6 stands in brackets. */
function partsOf(text: string): string[] {
  return text === '' ? [] : (text.match(/\[[^\]]*\]|[^:]+/g) ?? []);
}

function isPort(text: string): boolean {
  return /^\d+$/.test(text) && Number(text) <= 65_535;
}

function bad(line: string, why: string): MesozooError {
  return new MesozooError('BAD_REQUEST', `the server "${line}" cannot be read: ${why}`);
}
