/** What a zoo.cfg may ask of clients: limits of connections and requests, and proofs of who they are. */
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { ConnectionThrottle } from './connection-throttle.ts';
import { opcodes } from './opcodes.ts';
import { RequestGate, requestsMax } from './request-gate.ts';
import type { ConnectionThrottleSettings } from './settings.ts';
import { createBody, header, hello, readBody, request } from './testing/frames.ts';
import { GatewayWorld, type Peer } from './testing/gateway-world.ts';

function addAuth(scheme: string, proof: string): Buffer {
  return request(-4, opcodes.auth, (out) => {
    out.int(0);
    out.string(scheme);
    out.buffer(Buffer.from(proof));
  });
}

function open(world: GatewayWorld): Peer {
  const peer = world.connect();
  peer.send(hello());
  world.run();
  return peer;
}

/** Errors of the replies after the welcome. */
function asked(world: GatewayWorld, peer: Peer, ...requests: readonly Buffer[]): number[] {
  const before = peer.frames().length;
  peer.send(...requests);
  world.run();
  return peer
    .frames()
    .slice(before)
    .map((reply) => header(reply).error);
}

describe('connections', () => {
  it('from one address are bounded by maxClientCnxns', () => {
    const world = new GatewayWorld({ maxClientConnections: 2 });
    const [one, , third] = [open(world), open(world), open(world)];
    expect(third?.isClosed).toBe(true);
    one?.handlers?.closed();
    expect(open(world).isClosed).toBe(false);
  });

  it('that begin no session are closed after a while, others stay', () => {
    const world = new GatewayWorld({ sessionlessTimeoutMs: 1_000 });
    const [silent, greeted, half] = [world.connect(), open(world), world.connect()];
    half.send(hello().subarray(0, 10));
    world.nowMs += 900;
    world.gateway.sweep();
    expect([silent.isClosed, half.isClosed]).toEqual([false, false]);
    world.nowMs += 200;
    world.gateway.sweep();
    expect([silent.isClosed, greeted.isClosed, half.isClosed]).toEqual([true, false, true]);
  });

  it('in all are bounded by maxCnxns', () => {
    const world = new GatewayWorld({ maxConnections: 1 });
    expect([open(world).isClosed, open(world).isClosed]).toEqual([false, true]);
  });
});

describe('a member that leaves', () => {
  it('answers what it has read, reads nothing more, and closes', () => {
    const world = new GatewayWorld();
    const [busy, idle] = [open(world), open(world)];
    const greeting = world.connect();
    busy.send(
      request(1, opcodes.create, createBody('/a', 'x')),
      request(2, opcodes.getData, readBody('/a')),
      request(3, opcodes.closeSession),
    );
    world.gateway.leave();
    expect([busy.isClosed, idle.isClosed, greeting.isClosed]).toEqual([false, true, true]);
    busy.send(request(4, opcodes.create, createBody('/b', 'x')));
    world.run();
    expect(
      busy
        .frames()
        .slice(1)
        .map((reply) => header(reply).xid),
    ).toEqual([1, 2, 3]);
    expect(busy.isClosed).toBe(true);
    expect(world.state.exists('/b')).toBeUndefined();
  });

  it('lets a session begin that was asked for, and closes then', () => {
    const world = new GatewayWorld();
    const peer = world.connect();
    peer.send(hello());
    world.gateway.leave();
    world.run();
    expect(peer.frames()).toHaveLength(1);
    expect(peer.isClosed).toBe(true);
  });
});

const throttle: ConnectionThrottleSettings = {
  ...{ tokensMax: 2, fillTimeMs: 100, fillCount: 1, freezeMs: undefined },
  ...{ dropIncrease: 0.5, dropDecrease: 0.25, decreaseRatio: 0, openWeight: 1, renewWeight: 1 },
};

describe('new sessions take tokens', () => {
  const bucket = (settings: Partial<ConnectionThrottleSettings>, chance = 0) => {
    const world = { nowMs: 0 };
    const clock = {
      monotonicMs: () => world.nowMs,
      wallMs: () => 0,
      after: () => ({ cancel: () => undefined }),
    };
    const random = { next: () => chance, bytes: () => new Uint8Array() };
    return { world, throttle: new ConnectionThrottle({ ...throttle, ...settings }, clock, random) };
  };

  it('until there are none, and again when time has filled the bucket', () => {
    const { world, throttle: one } = bucket({});
    expect([1, 2, 3].map(() => one.admits(false))).toEqual([true, true, false]);
    world.nowMs = 150;
    expect([one.admits(false), one.admits(false)]).toEqual([true, false]);
    world.nowMs = 10_000;
    expect([1, 2, 3].map(() => one.admits(false))).toEqual([true, true, false]);
  });

  it('by their weight', () => {
    const { throttle: one } = bucket({ tokensMax: 5, openWeight: 3, renewWeight: 2 });
    expect([one.admits(false), one.admits(false), one.admits(true), one.admits(true)]).toEqual([
      ...[true, false, true, false],
    ]);
  });

  it('or by chance, the more often the bucket was found empty', () => {
    const settings = { tokensMax: 1, fillTimeMs: 1_000, freezeMs: 10 };
    const { world, throttle: one } = bucket(settings, 0.2);
    expect(one.admits(false)).toBe(true);
    world.nowMs = 20;
    expect(one.admits(false)).toBe(false);
    // A token is there again: it is chance that sends away, until the bucket has been found full twice.
    world.nowMs = 2_000;
    expect(one.admits(false)).toBe(false);
    world.nowMs = 2_020;
    expect(one.admits(false)).toBe(true);
  });

  it('and whoever finds none is closed, without an answer', () => {
    const world = new GatewayWorld({ connectionThrottle: { ...throttle, tokensMax: 1 } });
    expect(open(world).frames()).toHaveLength(1);
    const late = open(world);
    expect([late.isClosed, late.frames()]).toEqual([true, []]);
    world.nowMs += 1_000;
    expect(open(world).isClosed).toBe(false);
  });
});

describe('requests without an answer', () => {
  it('are counted anew once a turn at most', () => {
    let counts = 0;
    const gate = new RequestGate(2, () => {
      counts += 1;
      return 1;
    });
    gate.heard();
    gate.heard();
    expect([gate.hasRoom(), counts]).toEqual([true, 1]);
    gate.heard();
    expect([gate.hasRoom(), counts]).toEqual([false, 1]);
    gate.endTurn();
    expect([gate.hasRoom(), counts]).toEqual([true, 2]);
  });

  it('are bounded by a share of the ensemble, or by what one member may take', () => {
    const max = (globalOutstandingLimit: number, requestThrottleMax: number, members: number) =>
      requestsMax({ globalOutstandingLimit, requestThrottleMax }, members);
    expect([max(1000, 0, 1), max(1000, 0, 3), max(1000, 7, 3), max(1, 0, 5)]).toEqual([
      ...[1000, 500, 7, 1],
    ]);
  });

  it('keep a connection from being read, and not others that wait for nothing', () => {
    const world = new GatewayWorld({ requestThrottleMax: 2 });
    const [busy, idle] = [open(world), open(world)] as [Peer, Peer];
    const creates = [1, 2, 3, 4].map((xid) =>
      request(xid, opcodes.create, createBody(`/busy-${xid}`, '')),
    );
    busy.send(Buffer.concat(creates));
    expect(busy.isPaused).toBe(true);
    idle.send(request(1, opcodes.exists, readBody('/')));
    world.gateway.flush();
    expect(idle.frames()).toHaveLength(2);
    world.run();
    expect(busy.isPaused).toBe(false);
    expect(
      busy
        .frames()
        .slice(1)
        .map((reply) => header(reply).error),
    ).toEqual([0, 0, 0, 0]);
  });
});

describe('proofs', () => {
  const exists = request(1, opcodes.exists, readBody('/'));
  const create = request(2, opcodes.create, createBody('/a', ''));

  it('are asked of every session: without one of the schemes its first request is its last', () => {
    for (const first of [exists, create]) {
      const world = new GatewayWorld({ enforcedAuthSchemes: ['digest', 'x509'] });
      const peer = open(world);
      expect(asked(world, peer, first, exists)).toEqual([-124]);
      expect(peer.isClosed).toBe(true);
      const proven = open(world);
      expect(asked(world, proven, addAuth('digest', 'ann:secret'), first)).toEqual([0, 0]);
    }
  });

  it('of the address are there from the beginning', () => {
    const world = new GatewayWorld({ enforcedAuthSchemes: ['ip'] });
    expect(asked(world, open(world), exists)).toEqual([0]);
  });

  it('of the ensemble send away who wants another one, without an answer', () => {
    const world = new GatewayWorld({ ensembleNames: ['zoo', 'park'] });
    expect(asked(world, open(world), addAuth('ensemble', 'park'), exists)).toEqual([0, 0]);
    expect(asked(world, open(world), addAuth('ensemble', ''), exists)).toEqual([0, 0]);
    const other = open(world);
    expect(asked(world, other, addAuth('ensemble', 'jungle'), exists)).toEqual([]);
    expect(other.isClosed).toBe(true);
    const any = new GatewayWorld();
    expect(asked(any, open(any), addAuth('ensemble', 'jungle'))).toEqual([0]);
  });

  it.each(['SHA1', 'SHA512', 'SHA3-256'] as const)('of a digest are hashed with %s', (name) => {
    const world = new GatewayWorld({ digestAlgorithm: name });
    const hash = createHash(name).update('ann:secret').digest('base64');
    const acl = [{ permissions: 31, scheme: 'digest', id: `ann:${hash}` }];
    const own = request(1, opcodes.create, createBody('/own', '', 0, acl));
    const get = request(2, opcodes.getData, readBody('/own'));
    expect(asked(world, open(world), own, get)).toEqual([0, -102]);
    expect(asked(world, open(world), addAuth('digest', 'ann:secret'), get)).toEqual([0, 0]);
  });

  it('are not asked for where no ACL is looked at', () => {
    const world = new GatewayWorld({ skipAcl: true });
    const acl = [{ permissions: 31, scheme: 'digest', id: 'ann:hash' }];
    const own = request(1, opcodes.create, createBody('/own', '', 0, acl));
    const get = request(2, opcodes.getData, readBody('/own'));
    expect(asked(world, open(world), own, get)).toEqual([0, 0]);
  });
});
