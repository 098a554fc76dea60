import { describe, expect, it } from 'vitest';
import { pack } from '../../protocol/codec.ts';
import type { AttemptId } from '../../protocol/ids.ts';
import { limits } from '../../protocol/limits.ts';
import { AgentWorld, master, specOf, total } from './testing/world.ts';

const stateOf = (world: AgentWorld) => {
  const node = world.tree.nodes.get(`/mesozoo/agents/${world.agent.agentId}`);
  return node && JSON.parse(node.data);
};

describe('registration', () => {
  it('goes to the leading master and is asked again, ever more slowly, until it is answered', () => {
    const world = new AgentWorld();
    world.answers = false;
    world.tree.lead('m1', 10);
    world.start();
    world.run(30_000);
    const tries = world.messages('register').length;
    expect(tries).toBeGreaterThan(5);
    expect(tries).toBeLessThan(20);
    expect(world.said.every(({ to }) => to === 'm1')).toBe(true);
    world.answers = true;
    while (world.messages('epochAccepted').length === 0) world.run(100);
    const after = world.messages('register').length;
    // Less than the five seconds after which this master, which does not ping, is asked again.
    world.run(4_000);
    expect(world.messages('register').length).toBe(after);
    expect(world.messages('epochAccepted').at(-1)).toMatchObject({ epoch: 10 });
  });

  it('says that the epoch is accepted only when it is on disk', () => {
    const world = new AgentWorld();
    world.tree.lead('m1', 10);
    world.start();
    let storedFirst: boolean | undefined;
    const published = world.transport.published;
    let writes = 0;
    world.transport.published = (subject, payload) => {
      if (Buffer.from(payload).includes('epochAccepted')) storedFirst = world.storage.done > writes;
      if (Buffer.from(payload).includes('register')) writes = world.storage.done;
      published(subject, payload);
    };
    world.run(1000);
    expect(storedFirst).toBe(true);
  });

  it('keeps the agent id over restarts, and begins anew with an empty disk', () => {
    const world = AgentWorld.registered({ name: 'agent 1' });
    const { agentId } = world.agent;
    expect(agentId).toMatch(/^agent-1-[0-9a-f]{16}$/);
    world.restart();
    expect(world.agent.agentId).toBe(agentId);
    world.crash();
    world.storage.files.clear();
    world.restart();
    expect(world.agent.agentId).not.toBe(agentId);
  });

  it('is made anew with the next leader, and the one before is refused from then on', () => {
    const world = AgentWorld.registered();
    world.tree.lead('m2', 20);
    world.run(1000);
    expect(world.messages('epochAccepted').map(({ epoch }) => epoch)).toEqual([10, 20]);
    world.order({ type: 'ping' }, { masterId: 'm1', epoch: 10 });
    world.run(10);
    expect(world.said.at(-1)).toMatchObject({
      to: 'm1',
      message: { type: 'refused', epoch: 20, order: 'ping' },
    });
  });

  it('still refuses the old epoch after a restart', () => {
    const world = AgentWorld.registered();
    world.tree.lead('m2', 20);
    world.run(1000);
    world.crash();
    world.tree.lead('m1', 10);
    world.start();
    world.run(1000);
    world.order({ type: 'ping' }, { masterId: 'm1', epoch: 10 });
    world.run(10);
    expect(world.messages('refused').at(-1)).toMatchObject({ epoch: 20 });
    expect(world.messages('epochAccepted').map(({ epoch }) => epoch)).toEqual([10, 20]);
  });

  it('follows an order of a newer epoch to a leader that the tree does not show yet', () => {
    const world = AgentWorld.registered();
    world.order({ type: 'ping' }, { masterId: 'm2', epoch: 30 });
    world.run(1000);
    expect(world.said.at(-1)).toMatchObject({ to: 'm2', message: { type: 'register', epoch: 30 } });
    expect(world.messages('pong')).toEqual([]);
  });

  it('is repeated when the master has been silent too long, and not while it pings', () => {
    const world = AgentWorld.registered();
    const registrations = () => world.messages('register').length;
    for (let seconds = 0; seconds < 10; seconds++) {
      world.order({ type: 'ping' });
      world.run(1000);
    }
    expect(registrations()).toBe(1);
    expect(world.messages('pong')).toHaveLength(10);
    world.run(6000);
    expect(registrations()).toBe(2);
  });

  it('comes before a launch that was on its way while the agent stood still', () => {
    const world = AgentWorld.registered();
    // As after SIGCONT: the order is read before any timer has run.
    world.clock.nowMs += 20_000;
    world.transport.deliver(
      `mz.agent.to.${world.agent.agentId}`,
      pack({ ...master('m1', 10), type: 'launch', attempt: specOf('a.1') }),
    );
    world.run(2000);
    expect(world.messages('register')).toHaveLength(2);
    expect(world.processes.launches).toEqual([]);
    world.launch('a.1');
    expect(world.processes.launches).toHaveLength(1);
  });

  it.each([
    ['never, where it was given up', true, 0],
    ['after it, where it is still wanted', false, 1],
  ])(
    'comes before the start of what was ordered just before the agent stood still: %s',
    (_what, isGivenUp, launches) => {
      const world = AgentWorld.registered();
      world.order({ type: 'launch', attempt: specOf('a.1') });
      // Its checkpoint is under way, and is on disk when the agent goes on.
      world.clock.nowMs += 20_000;
      if (isGivenUp) world.giveUp = ['a.1' as AttemptId];
      world.run(0);
      expect(world.processes.launches).toEqual([]);
      world.run(2000);
      expect(world.messages('register')).toHaveLength(2);
      expect(world.processes.launches).toHaveLength(launches);
    },
  );

  it('is repeated when the master asks for it', () => {
    const world = AgentWorld.registered();
    world.order({ type: 'registerAgain' });
    world.run(1000);
    expect(world.messages('register')).toHaveLength(2);
  });

  it('lists all attempts, and leaves out their updates where they do not fit', () => {
    const world = AgentWorld.registered();
    world.acknowledges = false;
    const message = 'x'.repeat(900);
    world.processes.failures.set('a.1', message);
    world.launch('a.1');
    world.launch('b.1');
    world.run(100);
    world.transport.maxPayloadBytes = 1500;
    expect(world.updates('a.1')).toHaveLength(1);
    world.order({ type: 'registerAgain' });
    world.run(300);
    const [first] = world.messages('register').slice(-1);
    expect(first?.attempts.map(({ attemptId, state }) => [attemptId, state])).toEqual([
      ['a.1', 'TASK_FAILED'],
      ['b.1', 'TASK_RUNNING'],
    ]);
    expect(first?.attempts.every(({ unacknowledged }) => unacknowledged.length === 0)).toBe(true);
    // They follow at once instead, and not a second later.
    world.run(300);
    expect(world.updates('a.1')).toHaveLength(2);
  });

  it('fits one message with as many attempts as an agent can know, whatever their ids', () => {
    const attempts = Array.from({ length: limits.attemptsPerAgent }, (_, index) => {
      const taskId = String(index).padStart(128, 't');
      const resources = { cpus: 0.1, mem: 100.5, disk: 0.1, gpus: 0.5, ports: [[31000, 31009]] };
      const attemptId = `${taskId}.${'s'.repeat(16)}.${'1'.repeat(16)}`;
      return { attemptId, taskId, state: 'TASK_STARTING', resources, unacknowledged: [] };
    });
    expect(pack({ type: 'register', attempts }).length).toBeLessThan(0.9 * limits.natsPayloadBytes);
  });

  it('is not lost with what is not an order', () => {
    const world = AgentWorld.registered();
    const said = world.said.length;
    for (const bytes of [
      Uint8Array.of(),
      Uint8Array.of(0xc1, 1, 2),
      Buffer.from('{"type":"launch","epoch":10,"masterId":"m1"}'),
      Buffer.from('{"type":"kill","epoch":"10","masterId":"m1","attemptId":"a.1","graceMs":1}'),
      Buffer.from('{"type":"kill","epoch":10,"masterId":"m1","attemptId":"../a","graceMs":1}'),
      Buffer.from('{"type":"dance","epoch":10,"masterId":"m1"}'),
    ])
      world.transport.deliver(`mz.agent.to.${world.agent.agentId}`, bytes);
    world.run(100);
    expect(world.said.length).toBe(said);
  });
});

describe('the znode', () => {
  it('says what the agent has and has left, at most once a second', () => {
    const world = AgentWorld.registered();
    world.run(2000);
    expect(stateOf(world)).toEqual({
      hostname: 'host-1',
      state: 'registered',
      attributes: { rack: 'a' },
      total,
      available: total,
    });
    world.launch('a.1');
    world.run(2000);
    expect(stateOf(world)).toMatchObject({ available: { cpus: 3, mem: 960 } });
  });

  it('belongs to the new session after a restart and after an expiry', () => {
    const world = AgentWorld.registered();
    const owner = () => world.tree.nodes.get(`/mesozoo/agents/${world.agent.agentId}`)?.owner;
    world.run(2000);
    world.restart();
    world.run(2000);
    expect(owner()).toBe(world.client?.session);
    world.client?.expire();
    expect(owner()).toBeUndefined();
    world.client?.reconnect();
    world.run(2000);
    expect(owner()).toBe(world.client?.session);
  });
});
