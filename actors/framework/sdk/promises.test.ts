import { beforeEach, describe, expect, test } from 'vitest';
import { MesozooError } from '../../../protocol/errors.ts';
import type { Offer, TaskStatus } from '../../../protocol/framework-api.ts';
import { VirtualWorld } from '../../coord/client/testing/virtual-world.ts';
import { FakeMaster } from '../testing/fake-master.ts';
import { byAgent } from './agent-offers.ts';
import { Framework } from './promises.ts';
import { taskInfo } from './task-info.ts';

let world: VirtualWorld;
let master: FakeMaster;

beforeEach(() => {
  world = new VirtualWorld();
  master = new FakeMaster(world);
  master.cluster.addAgent('a1');
  master.lead();
});

/** Lets the virtual world and the promises go on in turn, until this one is settled. */
async function settled<Value>(promise: Promise<Value>): Promise<Value> {
  let isOpen = true;
  const closing = promise.finally(() => {
    isOpen = false;
  });
  closing.catch(() => undefined);
  for (let turn = 0; isOpen && turn < 20_000; turn++) {
    world.run(5);
    await new Promise((resolve) => setImmediate(resolve));
  }
  if (isOpen) throw new Error('did not settle');
  return promise;
}

const subscribe = (name = 'f1', info = {}) =>
  settled(Framework.subscribe(world.ports(name), { info: { name: 'test', ...info } }));

function sleeper(id: string, offers: readonly Offer[]) {
  const [agent] = byAgent(offers);
  const resources = agent!.take({ cpus: 1, mem: 64, ports: 1 })!;
  return taskInfo({ id, on: agent!, resources, command: 'sleep 1' });
}

async function firstOffers(framework: Framework): Promise<readonly Offer[]> {
  return (await settled(framework.offers().next())).value as readonly Offer[];
}

describe('subscribing', () => {
  test('resolves when a master has taken it', async () => {
    const framework = await subscribe();
    expect(master.isSubscribed(framework.id)).toBe(true);
  });

  test('rejects with what the master says against it', async () => {
    master.refuse = () => new MesozooError('BAD_REQUEST', 'no such role');
    await expect(subscribe()).rejects.toMatchObject({
      code: 'BAD_REQUEST',
      message: 'no such role',
    });
  });

  test('rejects an id that was torn down', async () => {
    const first = await subscribe('f1', { id: { value: 'one' } });
    await settled(first.teardown());
    await expect(subscribe('f2', { id: { value: 'one' } })).rejects.toMatchObject({
      code: 'NO_FRAMEWORK',
    });
  });

  test('rejects when nobody leads for the deadline, and leaves nothing behind', async () => {
    master.kill();
    await expect(subscribe()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(world.subscribers.filter(({ owner }) => owner.name === 'f1')).toEqual([]);
  });
});

describe('a framework', () => {
  test('launches from offers, hears of its tasks, and acknowledges what it has heard', async () => {
    const framework = await subscribe();
    const offers = await firstOffers(framework);
    await settled(framework.launch(offers, [sleeper('t1', offers)]));
    const states: string[] = [];
    for await (const { state } of { [Symbol.asyncIterator]: () => driven(framework.updates()) }) {
      states.push(state);
      if (state === 'TASK_RUNNING') master.cluster.enterById('t1', 'TASK_FINISHED');
      else await settled(framework.close());
    }
    expect(states).toEqual(['TASK_RUNNING', 'TASK_FINISHED']);
  });

  test('an update that was not handled to its end is not acknowledged, and comes again', async () => {
    const framework = await subscribe();
    const offers = await firstOffers(framework);
    await settled(framework.launch(offers, [sleeper('t1', offers)]));
    const failing = framework.run({
      offers: () => undefined,
      update: () => {
        throw new Error('not today');
      },
    });
    await expect(settled(failing)).rejects.toThrow('not today');
    expect(master.calls).not.toContain('ACKNOWLEDGE');
    const again = await settled(framework.updates().next());
    expect((again.value as TaskStatus).state).toBe('TASK_RUNNING');
  });

  test('acknowledges by itself, if it wants to', async () => {
    const framework = await subscribe();
    const offers = await firstOffers(framework);
    await settled(framework.launch(offers, [sleeper('t1', offers)]));
    const updates = framework.updates({ acknowledge: false });
    const running = (await settled(updates.next())).value as TaskStatus;
    void updates.next();
    world.run(100);
    expect(master.calls).not.toContain('ACKNOWLEDGE');
    await settled(framework.acknowledge(running));
    expect(master.calls).toContain('ACKNOWLEDGE');
  });

  test('is not given offers that are void by now', async () => {
    const framework = await subscribe();
    world.runUntil(() => master.offersOf(framework.id).length > 0);
    world.run(50);
    master.removeAgent('a1');
    world.run(50);
    master.cluster.addAgent('a2');
    const offers = await firstOffers(framework);
    expect(offers.map(({ agent_id }) => agent_id.value)).toEqual(['a2']);
  });

  test('its calls reject with what the master says', async () => {
    const framework = await subscribe();
    master.refuse = ({ type }) => (type === 'KILL' ? new MesozooError('NO_TASK') : undefined);
    await expect(settled(framework.kill('t1'))).rejects.toMatchObject({ code: 'NO_TASK' });
    await expect(settled(framework.readOutput('t1'))).resolves.toMatchObject({ size: 12 });
  });

  test('ends its loops in peace when it is closed, and takes its calls for over', async () => {
    const framework = await subscribe();
    const running = framework.run({ offers: () => undefined });
    await settled(framework.close());
    await expect(settled(running)).resolves.toBeUndefined();
    await expect(framework.revive()).rejects.toMatchObject({ code: 'NOT_SUBSCRIBED' });
  });

  test('ends its loops with an error when another instance takes over', async () => {
    const first = await subscribe('f1', { id: { value: 'one' } });
    const running = first.run({ offers: () => undefined });
    running.catch(() => undefined);
    await subscribe('f2', { id: { value: 'one' } });
    await expect(settled(running)).rejects.toMatchObject({
      code: 'NOT_SUBSCRIBED',
      message: 'Framework failed over',
    });
  });

  test('torn down: its tasks are gone, and the loops end', async () => {
    const framework = await subscribe();
    const offers = await firstOffers(framework);
    await settled(framework.launch(offers, [sleeper('t1', offers)]));
    await settled(framework.teardown());
    expect(master.cluster.running()).toEqual([]);
    expect((await settled(framework.offers().next())).done).toBe(true);
  });
});

/** An iterator whose every step lets the world go on. */
function driven<Value>(iterator: AsyncIterator<Value>): AsyncIterator<Value> {
  return { next: () => settled(Promise.resolve(iterator.next())) };
}
