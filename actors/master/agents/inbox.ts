/** What agents send to the leading master: read, checked, and handed to whom it concerns. */
import { unpack } from '../../../protocol/codec.ts';
import type { Epoch } from '../../../protocol/ids.ts';
import type { AgentMessage } from '../../../protocol/orders.ts';
import type { Delivery, Logger } from '../../actor.ts';
import type { StatusUpdates } from '../launches/updates.ts';
import type { OutputRelay } from '../requests/relay.ts';
import type { Agents } from './agents.ts';
import type { Liveness } from './liveness.ts';
import { problemOf } from './messages.ts';
import type { Orders } from './orders.ts';
import type { Registration } from './registration.ts';

export interface AgentInboxParts {
  readonly log: Logger;
  readonly epoch: Epoch;
  readonly agents: Agents;
  readonly orders: Orders;
  readonly liveness: Liveness;
  readonly registration: Registration;
  readonly updates: StatusUpdates;
  readonly relay: OutputRelay;
}

export class AgentInbox {
  private readonly parts: AgentInboxParts;

  constructor(parts: AgentInboxParts) {
    this.parts = parts;
  }

  receive(delivery: Delivery): void {
    const { log } = this.parts;
    let message: unknown;
    try {
      message = unpack(delivery.payload);
    } catch (error) {
      log.warn('message of an agent is not readable', { error: String(error) });
      return;
    }
    const problem = problemOf(message);
    if (problem === undefined) this.dispatch(message as AgentMessage);
    else log.warn('message is not one of an agent', { problem, bytes: delivery.payload.length });
  }

  private dispatch(message: AgentMessage): void {
    const { agents, orders, epoch, log, liveness, registration, updates, relay } = this.parts;
    const { agentId } = message;
    if (message.type === 'register') {
      // Meant for a leadership of this master that is over, or one to come: the agent repeats it.
      if (message.epoch === epoch) registration.register(agentId, message.info, message.attempts);
      return;
    }
    const agent = agents.get(agentId);
    if (agent === undefined || agent.standing === 'awaited' || agent.standing === 'unreachable') {
      if (message.type !== 'leaving') orders.send(agentId, { type: 'registerAgain' });
      return;
    }
    liveness.heard(agent);
    switch (message.type) {
      case 'epochAccepted':
        if (message.epoch === epoch) registration.epochAccepted(agentId);
        return;
      case 'pong':
        return;
      case 'status':
        updates.receive(agentId, message.update);
        return;
      case 'usage':
        agent.used = { cpus: message.cpus, mem: message.memMiB };
        return;
      case 'refused':
        log.warn('order refused by an agent', {
          agentId,
          order: message.order,
          newer: message.epoch,
        });
        return;
      case 'draining':
        if (message.epoch === epoch) liveness.drains(agent);
        return;
      case 'leaving':
        liveness.leaves(agent);
        return;
      case 'outputRead':
      case 'following':
        relay.answered(message);
        return;
      default:
        message satisfies never;
        log.warn('message of an unknown kind', { agentId });
    }
  }
}
