/** A member without a quorum lets those in who only want to read; and reads that are as new as their question. */
import { describe, expect, it } from 'vitest';
import { opcodes } from './opcodes.ts';
import {
  createBody,
  header,
  hello,
  readBody,
  request,
  setBody,
  welcome,
} from './testing/frames.ts';
import { GatewayWorld, type Peer } from './testing/gateway-world.ts';

const NOT_READ_ONLY = -119;
const NOBODY = Buffer.alloc(16);

/** With `/a`, made by the client that is returned; then out of contact for `ms`. */
function cutOff(settings = {}, ms = 2_000) {
  const world = new GatewayWorld(settings);
  const writer = connected(world, hello());
  writer.send(request(1, opcodes.create, createBody('/a', 'x')));
  world.run();
  world.isInContact = false;
  world.nowMs += ms;
  world.gateway.sweep();
  return { world, writer };
}

function connected(world: GatewayWorld, greeting: Buffer): Peer {
  const peer = world.connect();
  peer.send(greeting);
  world.run();
  return peer;
}

function errors(world: GatewayWorld, peer: Peer, ...requests: readonly Buffer[]): number[] {
  const before = peer.frames().length;
  peer.send(...requests);
  world.gateway.flush();
  return peer
    .frames()
    .slice(before)
    .map((reply) => header(reply).error);
}

describe('a member without a quorum', () => {
  it('serves reads to clients that asked for it, and refuses what needs others', () => {
    const { world } = cutOff();
    const reader = connected(world, hello('', NOBODY, 0, true));
    expect(welcome(reader.frames()[0]!).isReadOnly).toBe(true);
    const replies = errors(
      world,
      reader,
      request(1, opcodes.getData, readBody('/a')),
      request(2, opcodes.setData, setBody('/a', 'y')),
      request(3, opcodes.sync, (out) => out.string('/a')),
      request(-2, opcodes.ping),
    );
    expect(replies).toEqual([0, NOT_READ_ONLY, NOT_READ_ONLY, 0]);
    expect(Buffer.from(world.state.get('/a', []).data).toString()).toBe('x');
    reader.send(request(4, opcodes.closeSession));
    expect(reader.isClosed).toBe(true);
  });

  it('turns others away, and closes those that could write', () => {
    const { world, writer } = cutOff();
    expect(writer.isClosed).toBe(true);
    const other = world.connect();
    other.send(hello());
    world.gateway.sweep();
    expect(other.isClosed).toBe(true);
    expect(other.frames()).toEqual([]);
  });

  it('knows its sessions by their passwords, and calls none expired that it does not know', () => {
    const { world, writer } = cutOff();
    const { session, password } = welcome(writer.frames()[0]!);
    const back = connected(world, hello(session, password, 0, true));
    expect(welcome(back.frames()[0]!)).toMatchObject({ session, isReadOnly: true });
    for (const unknown of [
      hello(session, NOBODY, 0, true),
      hello('01'.repeat(8), NOBODY, 0, true),
    ]) {
      const peer = connected(world, unknown);
      expect(peer.frames()).toEqual([]);
      expect(peer.isClosed).toBe(true);
    }
  });

  it('sends its readers away when the quorum is back', () => {
    const { world } = cutOff();
    const reader = connected(world, hello('', NOBODY, 0, true));
    world.isInContact = true;
    world.gateway.sweep();
    expect(reader.isClosed).toBe(true);
    expect(welcome(connected(world, hello('', NOBODY, 0, true)).frames()[0]!).isReadOnly).toBe(
      false,
    );
  });

  it('lets nobody in where readonlymode.enabled is off', () => {
    const { world } = cutOff({ readOnlyModeEnabled: false });
    expect(connected(world, hello('', NOBODY, 0, true)).isClosed).toBe(true);
  });
});

describe('reads with linearizableReads', () => {
  it('wait for the leader, in their place; pings do not', () => {
    const world = new GatewayWorld({ linearizableReads: true });
    const peer = connected(world, hello());
    const before = peer.frames().length;
    peer.send(
      request(-2, opcodes.ping),
      request(1, opcodes.exists, readBody('/a')),
      request(2, opcodes.create, createBody('/a', 'x')),
      request(3, opcodes.exists, readBody('/a')),
    );
    world.gateway.flush();
    const xids = () =>
      peer
        .frames()
        .slice(before)
        .map((reply) => header(reply).xid);
    expect(xids()).toEqual([-2]);
    world.run();
    expect(xids()).toEqual([-2, 1, 2, 3]);
    peer.send(request(4, opcodes.getData, readBody('/a')));
    world.gateway.flush();
    expect(xids()).toEqual([-2, 1, 2, 3]);
    world.confirm();
    world.gateway.flush();
    expect(xids()).toEqual([-2, 1, 2, 3, 4]);
  });
});
