/** The request for other members, as ZooKeeper's clients send it, and its answer: the configuration that came of it. */
import { errorCatalogue, type MesozooError } from '../../../protocol/errors.ts';
import type { Identity } from '../../../protocol/operations.ts';
import { CONFIG_PATH } from '../../../protocol/paths.ts';
import type { ReconfigRules } from '../door/reconfig.ts';
import type { Wanted } from '../membership/membership.ts';
import type { ZnodeState } from '../znodes/contract.ts';
import { superIdentity } from './auth.ts';
import { JuteReader, type JuteWriter } from './jute.ts';
import type { GatewaySettings } from './settings.ts';

/** For the door of NATS, which knows no super users of its own: the same settings hold. */
export function reconfigRules(settings: GatewaySettings): ReconfigRules {
  return {
    isEnabled: settings.reconfigEnabled,
    asWhom: (identities) => reconfigIdentities(identities, settings),
  };
}

function reconfigIdentities(
  identities: readonly Identity[],
  { reconfigByAnyone, superDigest }: GatewaySettings,
): readonly Identity[] {
  const isSuper = identities.some(({ scheme, id }) => scheme === 'digest' && id === superDigest);
  return reconfigByAnyone || isSuper ? [superIdentity, ...identities] : identities;
}

/** Throws MARSHALLING_ERROR. */
export function readReconfig(
  frame: Buffer,
  identities: readonly Identity[],
  settings: GatewaySettings,
): Wanted {
  const reader = new JuteReader(frame, 8);
  return {
    joining: reader.stringOrNull(),
    leaving: reader.stringOrNull(),
    newMembers: reader.stringOrNull(),
    version: reader.long(),
    identities: reconfigIdentities(identities, settings),
  };
}

/** The data of the znode and its Stat, as this member has them. */
export function writeConfiguration(out: JuteWriter, xid: number, state: ZnodeState): void {
  const { data, stat } = state.get(CONFIG_PATH, [superIdentity]);
  out.reply(xid, state.zxid, 0);
  out.buffer(data);
  out.stat(stat);
  out.end();
}

/** Whether the client can be told; what is not known it learns by its connection's end. */
export function isDefinite(error: MesozooError): boolean {
  return errorCatalogue[error.code].definite;
}
