/**
 * Service registry and discovery: an instance is an ephemeral `/services/<name>/<instance>` whose data are JSON. The
 * instances that a framework keeps (examples/service.ts) are found in the same place.
 */
import { z } from 'zod';
import { nameOf } from '../../../../protocol/paths.ts';
import type { CoordClient } from '../contract.ts';
import { watchChildren } from './group.ts';
import { type RecipeParts, textOf } from './parts.ts';
import { Presence, type PresenceHandlers } from './presence.ts';

const SERVICES = '/services';

/** Others' fields are kept as they are. */
const instanceSchema = z.looseObject({
  id: z.string(),
  hostname: z.string().optional(),
  ports: z.array(z.int()).optional(),
});
export type ServiceInstance = z.infer<typeof instanceSchema>;

/** Registers anew in each session, until it is withdrawn. */
export class Registration {
  private readonly presence: Presence;

  constructor(
    parts: RecipeParts,
    service: string,
    instance: ServiceInstance,
    handlers?: PresenceHandlers,
  ) {
    const path = `${SERVICES}/${service}/${instance.id}`;
    this.presence = new Presence(parts, path, JSON.stringify(instance), handlers);
  }

  /** The id cannot change. */
  update(instance: Omit<ServiceInstance, 'id'>): void {
    const id = nameOf(this.presence.path);
    this.presence.set(JSON.stringify({ ...instance, id }));
  }

  withdraw(done?: () => void): void {
    this.presence.stop(done);
  }
}

/**
 * The instances in the order of their ids: told once when all are known, and then at each change. One whose data are not
 * readable is left out, and told to `wrong`.
 */
export function discover(
  client: CoordClient,
  service: string,
  handler: (instances: readonly ServiceInstance[]) => void,
  wrong: (path: string, problem: string) => void = () => undefined,
): { stop(): void } {
  return watchChildren(client, `${SERVICES}/${service}`, (nodes) =>
    handler(
      nodes.flatMap(({ path, data }) => {
        const parsed = instanceSchema.safeParse(jsonIn(data));
        if (parsed.success) return [parsed.data];
        wrong(path, z.prettifyError(parsed.error));
        return [];
      }),
    ),
  );
}

/** Undefined where it is none: no schema of an object takes that. */
export function jsonIn(data: Uint8Array): unknown {
  try {
    return JSON.parse(textOf(data));
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
