/** Asks the quorum for other members, for as long as what stands in the way may pass by itself. */
import { type ErrorCode, MesozooError } from '../../protocol/errors.ts';
import type { ZnodeReplies, ZnodeRequest } from '../../protocol/znode-api.ts';
import type { Connection } from '../connection.ts';
import { type ConfiguredCoord, configurationOf } from './members.ts';

export interface Patience {
  /** In all. */
  readonly untilMs: number;
  /** What may pass: the same request is sent again. It may have been carried out before, which changes nothing. */
  readonly passing: readonly ErrorCode[];
}

const DEADLINE_MS = 12_000;
const AGAIN_MS = 300;

/** The members that came of it. An error that is definite says that none of the requests has changed anything. */
export async function reconfigure(
  connection: Connection,
  wanted: Pick<ZnodeRequest<'reconfig'>, 'joining' | 'leaving'>,
  { untilMs, passing }: Patience,
): Promise<ConfiguredCoord[]> {
  const { clock } = connection.ports;
  let open: MesozooError | undefined;
  for (;;) {
    try {
      const reply = await connection.ask<ZnodeReplies['reconfig']>(
        connection.subjects.znode('reconfig'),
        wanted,
        { deadlineMs: DEADLINE_MS },
      );
      return configurationOf(reply);
    } catch (error) {
      if (!(error instanceof MesozooError)) throw error;
      if (!error.definite) open = error;
      const mayPass = !error.definite || passing.includes(error.code);
      if (!mayPass || clock.monotonicMs() + AGAIN_MS > untilMs) throw open ?? error;
    }
    await new Promise<void>((resolve) => clock.after(AGAIN_MS, resolve));
  }
}
