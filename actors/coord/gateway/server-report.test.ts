import { expect, it, vi } from 'vitest';
import type { DiskId, MemberId, Slot } from '../../../protocol/ids.ts';
import { createFlags, opcodes } from './opcodes.ts';
import { createBody, hello, readBody, request } from './testing/frames.ts';
import { GatewayWorld } from './testing/gateway-world.ts';

it('members stand at the addresses of the configuration, by the name between servers where clients may use any', () => {
  const world = new GatewayWorld();
  const { members } = world.gateway.report();
  expect(members).toMatchObject([{ id: 1, clientPort: expect.any(Number) }]);
  const address = 'a.example:2888:3888;0.0.0.0:2199';
  world.state.applyOther(1 as Slot, {
    members: [{ id: 1 as MemberId, disk: 'd1' as DiskId, address }],
  });
  expect(world.gateway.report()).toMatchObject({
    members: [{ id: 1, address: 'a.example', clientPort: 2199 }],
    leaderAddress: 'a.example',
  });
});

it('a member that has just started serves once it knows what was decided before', () => {
  const world = new GatewayWorld();
  world.isCatchingUp = true;
  expect(world.gateway.report().isServing).toBe(false);
  world.isCatchingUp = false;
  expect(world.gateway.report().isServing).toBe(true);
});

it('ephemerals and watches are counted, and listed for those alone who look at the lists', () => {
  const world = new GatewayWorld();
  const peer = world.connect();
  peer.send(hello());
  world.run();
  const isWatched = true;
  peer.send(
    request(1, opcodes.create, createBody('/e', 'x', createFlags.ephemeral)),
    request(2, opcodes.exists, readBody('/e', isWatched)),
    request(3, opcodes.getChildren, readBody('/e', isWatched)),
  );
  world.run();
  const ephemerals = vi.spyOn(world.state, 'ephemerals');
  const paths = vi.spyOn(world.gateway.watches, 'paths');
  const report = world.gateway.report();
  expect(report).toMatchObject({ sessionCount: 1, ephemeralsCount: 1, watchCount: 2 });
  expect(ephemerals).not.toHaveBeenCalled();
  expect(paths).not.toHaveBeenCalled();
  expect(report.sessions).toMatchObject([{ ephemerals: ['/e'] }]);
  expect(report.watches).toMatchObject([{ path: '/e' }]);
});
