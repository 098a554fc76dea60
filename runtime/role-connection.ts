/** A connection of a process with the user and secret of its role. */

import type { Logger } from '../actors/actor.ts';
import type { Role } from '../protocol/subjects.ts';
import { type ConnectedTransport, connectTransport } from './nats.ts';
import { version } from './version.ts';

export function connectRole(
  role: Exclude<Role, 'client'>,
  name: string,
  config: { readonly nats: string; readonly natsSecret: string },
  log: Logger,
  options: { noEcho?: boolean } = {},
): Promise<ConnectedTransport> {
  return connectTransport({
    url: config.nats,
    role,
    name,
    user: role,
    pass: config.natsSecret,
    version,
    log,
    ...options,
  });
}
