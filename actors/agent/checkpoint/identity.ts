/**
 * Who this agent is, and the highest epoch that it has promised to obey: a small file, replaced as a whole.
 * A new data directory makes a new agent. So does a damaged file: without its epoch the agent could obey a master
 * that has been deposed, so nothing that ran under the old id is trusted.
 */
import { pack, unpack } from '../../../protocol/codec.ts';
import { MesozooError } from '../../../protocol/errors.ts';
import type { AgentId, Epoch } from '../../../protocol/ids.ts';
import type { Logger, Random, Storage } from '../../actor.ts';
import { frame, readFrames } from './frames.ts';
import { stopOn } from './journal.ts';

const FILE = 'agent';
const FORMAT = 1;
const NO_EPOCH = 0 as Epoch;

export interface AgentIdentity {
  readonly format: number;
  readonly cluster: string;
  readonly agentId: AgentId;
  readonly epoch: Epoch;
}

/** Undefined: none, or not readable. Throws WRONG_DATA_DIRECTORY for another cluster's or version's data. */
export function readIdentity(
  storage: Storage,
  cluster: string,
  log: Logger,
): AgentIdentity | undefined {
  if (!storage.list().some((file) => file.name === FILE)) return undefined;
  const payload = readFrames(storage.read(FILE)).payloads[0];
  if (payload === undefined) {
    log.error('identity is damaged: this becomes a new agent', { file: FILE });
    return undefined;
  }
  const identity = unpack(payload) as AgentIdentity;
  if (identity.format !== FORMAT)
    throw new MesozooError(
      'WRONG_DATA_DIRECTORY',
      `the agent's data have format ${identity.format}, this version reads ${FORMAT}: use another directory`,
    );
  if (identity.cluster !== cluster)
    throw new MesozooError(
      'WRONG_DATA_DIRECTORY',
      `the agent's data belong to the cluster "${identity.cluster}", not "${cluster}": use another directory`,
    );
  return identity;
}

/** `name`: for people, in front of what makes the id unique. */
export function newIdentity(random: Random, cluster: string, name?: string): AgentIdentity {
  const unique = [...random.bytes(8)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  const readable = name?.replace(/[^A-Za-z0-9_-]+/g, '-').slice(0, 40);
  const agentId = (readable ? `${readable}-${unique}` : unique) as AgentId;
  return { format: FORMAT, cluster, agentId, epoch: NO_EPOCH };
}

export function saveIdentity(storage: Storage, identity: AgentIdentity, saved: () => void): void {
  storage.replace(FILE, frame(pack(identity)), (failure) => {
    stopOn(failure);
    saved();
  });
}
