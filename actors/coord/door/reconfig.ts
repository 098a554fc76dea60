/** The request for other members over NATS: the rules and the answer are those of ZooKeeper's protocol. */
import { MesozooError } from '../../../protocol/errors.ts';
import type { Identity } from '../../../protocol/operations.ts';
import { CONFIG_PATH } from '../../../protocol/paths.ts';
import type { OpenRequest } from './open-request.ts';
import type { Quorum } from './quorum.ts';
import type { ZnodeBody } from './validation.ts';

/** What the settings of the member say of it. */
export interface ReconfigRules {
  readonly isEnabled: boolean;
  /** As whom somebody with these identities asks. */
  readonly asWhom: (identities: readonly Identity[]) => readonly Identity[];
}

const SUPER: readonly Identity[] = [{ scheme: 'super', id: '' }];

/** Throws RECONFIG_DISABLED, TOO_MANY_REQUESTS. */
export function reconfigure(
  request: OpenRequest,
  { joining, leaving, newMembers, version }: ZnodeBody<'reconfig'>,
  identities: readonly Identity[],
  rules: ReconfigRules,
  quorum: Quorum,
): void {
  if (!rules.isEnabled) throw new MesozooError('RECONFIG_DISABLED');
  const wanted = {
    joining: joining ?? null,
    leaving: leaving ?? null,
    newMembers: newMembers ?? null,
    version,
    identities: rules.asWhom(identities),
  };
  quorum.reconfigure(wanted, (error) => {
    if (error !== undefined) {
      request.fail(error);
      return;
    }
    const state = quorum.state();
    const { data, stat } = state.get(CONFIG_PATH, SUPER);
    request.answerData(data, { stat, zxid: state.zxid });
  });
  request.isSubmitted = true;
}
