/** `server.N=host:port:port[:role][;[address:]clientPort]` of a zoo.cfg. */
import { MesozooError } from '../../../protocol/errors.ts';
import type { Property } from './properties.ts';

export interface ZooCfgServer {
  readonly id: number;
  readonly host: string;
  readonly quorumPort: number;
  readonly electionPort: number | undefined;
  readonly role: 'participant' | 'observer';
  readonly clientAddress: string | undefined;
  readonly clientPort: number | undefined;
}

const host = String.raw`\[[0-9A-Fa-f:.]+\]|[^\s:;|[\]]+`;
/** Further addresses of the same server follow a `|`. */
const form = new RegExp(
  `^(?<host>${host}):(?<quorum>\\d{1,5})(?::(?<election>\\d{1,5}))?(?:\\|[^;]*?)?(?::(?<role>participant|observer))?` +
    `(?:;(?:(?<address>${host}):)?(?<client>\\d{1,5}))?$`,
  'i',
);

export function parseServer(id: number, property: Property): ZooCfgServer {
  const { host, quorum, election, role, address, client } =
    form.exec(property.value.replace(/\s+/g, ''))?.groups ?? {};
  if (host === undefined || id < 1 || id > 255)
    throw new MesozooError(
      'BAD_ARGUMENT',
      `zoo.cfg: line ${property.line}: ${property.key}: expected server.1 to server.255, and ` +
        `host:port:port[:participant|observer][;[address:]clientPort] (given: ${JSON.stringify(property.value)})`,
    );
  return {
    id,
    host: bare(host),
    quorumPort: Number(quorum),
    electionPort: election === undefined ? undefined : Number(election),
    role: role?.toLowerCase() === 'observer' ? 'observer' : 'participant',
    clientAddress: address === undefined ? undefined : bare(address),
    clientPort: client === undefined ? undefined : Number(client),
  };
}

const bare = (address: string) => address.replace(/^\[|\]$/g, '');
