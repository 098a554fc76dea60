/** What no recorded ZooKeeper can be asked, since it would stop, or since it answers now this and now that. */
import { describe, expect, it } from 'vitest';
import { MesozooError } from '../../../protocol/errors.ts';
import type { SessionId } from '../../../protocol/ids.ts';
import { Framing } from './framing.ts';
import { JuteReader, type JuteWriter } from './jute.ts';
import { opcodes } from './opcodes.ts';
import { createBody, header, hello, readBody, request, setBody } from './testing/frames.ts';
import { GatewayWorld, type Peer } from './testing/gateway-world.ts';

const UNIMPLEMENTED = -6;
const CREATE_SESSION = -10;

function open(world: GatewayWorld): Peer {
  const peer = world.connect();
  peer.send(hello());
  world.run();
  return peer;
}

/** As the welcome says. */
function sessionOf(peer: Peer): { id: string; password: Buffer } {
  const reader = new JuteReader(peer.frames()[0]!);
  reader.int();
  reader.int();
  return { id: reader.hex(), password: reader.buffer()! };
}

const repliesOf = (peer: Peer) => peer.frames().slice(1).map(header);

describe('a request', () => {
  it.each([
    ['check outside of a multi', opcodes.check],
    ['createSession, which is between servers', CREATE_SESSION],
  ])('%s is unknown and ends the connection alone', (_, type) => {
    const world = new GatewayWorld();
    const [one, other] = [open(world), open(world)];
    one.send(request(1, type, readBody('/')));
    world.run();
    expect(repliesOf(one)).toMatchObject([{ xid: 1, error: UNIMPLEMENTED }]);
    expect(one.isClosed).toBe(true);
    other.send(request(1, opcodes.exists, readBody('/')));
    world.run();
    expect(repliesOf(other)).toMatchObject([{ xid: 1, error: 0 }]);
  });

  it('behind closeSession is not carried out', () => {
    const world = new GatewayWorld();
    const peer = open(world);
    peer.send(
      request(1, opcodes.create, createBody('/before', 'x')),
      request(2, opcodes.closeSession),
      request(3, opcodes.create, createBody('/behind', 'x')),
      request(4, opcodes.exists, readBody('/')),
    );
    world.run();
    expect(repliesOf(peer).map(({ xid }) => xid)).toEqual([1, 2]);
    expect(peer.isClosed).toBe(true);
    expect(world.state.exists('/before')).toBeDefined();
    expect(world.state.exists('/behind')).toBeUndefined();
  });

  it('waits for what its client has seen at another member', () => {
    const world = new GatewayWorld();
    const writer = open(world);
    const seen = Number(world.state.zxid) + 1;
    const ahead = world.connect();
    ahead.send(hello('', Buffer.alloc(16), seen));
    expect(ahead.isClosed).toBe(false);
    writer.send(request(1, opcodes.setData, setBody('/', 'seen')));
    world.run();
    expect(ahead.frames()).toHaveLength(1);
    const fromElsewhere = world.connect();
    fromElsewhere.send(hello('', Buffer.alloc(16), seen + 1000));
    world.run();
    expect(fromElsewhere.isClosed).toBe(true);
    expect(fromElsewhere.frames()).toEqual([]);
  });

  it('of a session that has moved meanwhile changes nothing', () => {
    const world = new GatewayWorld();
    const former = open(world);
    const { id, password } = sessionOf(former);
    const next = world.connect();
    next.send(hello(id, password));
    former.send(request(1, opcodes.setData, setBody('/', 'too late')));
    world.run();
    expect(former.isClosed).toBe(true);
    expect(repliesOf(former)).toEqual([]);
    expect(world.state.exists('/')?.version).toBe(0);
    next.send(request(1, opcodes.setData, setBody('/', 'in time')));
    world.run();
    expect(repliesOf(next)).toMatchObject([{ xid: 1, error: 0 }]);
  });

  it('of a session that has expired meanwhile changes nothing', () => {
    const world = new GatewayWorld();
    const peer = open(world);
    const id = sessionOf(peer).id as SessionId;
    world.expire(id);
    peer.send(request(1, opcodes.setData, setBody('/', 'too late')));
    world.run();
    expect(peer.isClosed).toBe(true);
    expect(world.state.session(id)).toBeUndefined();
    expect(world.state.exists('/')?.version).toBe(0);
  });
});

describe('a number that is announced', () => {
  it('of items costs nothing before they are there', () => {
    const bytes = Buffer.alloc(1000);
    bytes.writeInt32BE(2 ** 31 - 1);
    let asked = 0;
    const reader = new JuteReader(bytes);
    expect(() => reader.vector(() => ++asked)).toThrow(/ends too early/);
    expect(asked).toBe(0);
  });

  it('of bytes keeps what has come, and no more', () => {
    const framing = new Framing();
    const start = Buffer.from([0, 0x0f, 0xff, 0xff, 1, 2, 3]);
    framing.push(start);
    const before = process.memoryUsage().arrayBuffers;
    expect(framing.next(0xfffff)).toBeUndefined();
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(0xffff);
  });

  it.each([-2, -(2 ** 31), 8, 2 ** 31 - 1])('of %i bytes of a string is refused', (length) => {
    const bytes = Buffer.alloc(8);
    bytes.writeInt32BE(length);
    expect(() => new JuteReader(bytes).string()).toThrow(/length is none/);
    expect(() => new JuteReader(bytes).buffer()).toThrow(/length is none/);
  });
});

describe('a request for other members', () => {
  const LINE = 'server.4=h:2888:3888;h:2181';

  /** Joining, leaving, new members, version. */
  function reconfigBody(joining: string) {
    return (out: JuteWriter): void => {
      out.string(joining);
      out.buffer(null);
      out.buffer(null);
      out.long(-1);
    };
  }

  function asked(): { world: GatewayWorld; peer: Peer } {
    const world = new GatewayWorld();
    const peer = open(world);
    peer.send(
      request(1, opcodes.reconfig, reconfigBody(LINE)),
      request(2, opcodes.exists, readBody('/')),
    );
    world.run();
    return { world, peer };
  }

  it('holds back what comes behind it, and is answered with the configuration', () => {
    const { world, peer } = asked();
    const [asking] = world.reconfigurations;
    expect(asking?.wanted).toMatchObject({ joining: LINE, leaving: null, version: -1 });
    expect(repliesOf(peer)).toEqual([]);
    asking!.done(undefined);
    world.run();
    expect(repliesOf(peer)).toMatchObject([
      { xid: 1, error: 0 },
      { xid: 2, error: 0 },
    ]);
  });

  it('is refused with the number that ZooKeeper has for it', () => {
    const { world, peer } = asked();
    world.reconfigurations[0]!.done(new MesozooError('NEW_CONFIG_NO_QUORUM', 'nobody'));
    world.run();
    expect(repliesOf(peer)).toMatchObject([
      { xid: 1, error: -13 },
      { xid: 2, error: 0 },
    ]);
  });

  it('of which nobody knows what became ends the connection', () => {
    const { world, peer } = asked();
    world.reconfigurations[0]!.done(new MesozooError('TIMEOUT', 'it may be'));
    world.run();
    expect(repliesOf(peer)).toEqual([]);
    expect(peer.isClosed).toBe(true);
  });

  it('is for super users alone where the settings are those of a zoo.cfg', () => {
    const identities = (reconfigByAnyone: boolean) => {
      const world = new GatewayWorld({ reconfigByAnyone });
      open(world).send(request(1, opcodes.reconfig, reconfigBody(LINE)));
      world.run();
      return world.reconfigurations[0]!.wanted.identities.map(({ scheme }) => scheme);
    };
    expect(identities(true)).toContain('super');
    expect(identities(false)).not.toContain('super');
  });
});
