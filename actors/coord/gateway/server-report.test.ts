import { expect, it } from 'vitest';
import type { DiskId, MemberId, Slot } from '../../../protocol/ids.ts';
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
