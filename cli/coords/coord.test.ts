/** `mesozoo coord …` against answers by hand, and a data directory whose supervisor is this very process. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MesozooError } from '../../protocol/errors.ts';
import { lockDirectory } from '../../runtime/directory-lock.ts';
import { FakeCluster } from '../testing/fake-cluster.ts';
import { DataDirectory } from '../up/data-directory.ts';
import { startOf } from '../up/process-identity.ts';
import { withOneMore, without } from './local.ts';
import { coordsSeen, readConfiguration } from './members.ts';

const line = (number: number, role = 'participant') =>
  `server.${number}=127.0.0.1:2888:3888:${role};127.0.0.1:${2180 + number}`;
const configuration = (...lines: readonly string[]) => [...lines, 'version=b'].join('\n');
const view = (id: number, role: string, decidedUpTo: number) => ({
  ...{ id, role, decidedUpTo, ballot: 1, zxid: decidedUpTo },
});

let cluster: FakeCluster;
let members: string[];
let path: string;
let data: DataDirectory;

/** As a quorum that carries everything out. */
function carryOut({ joining, leaving }: Record<string, unknown>): object {
  if (typeof joining === 'string') members = [...new Set([...members, joining])];
  members = members.filter((each) => !each.startsWith(`server.${String(leaving)}=`));
  return { data: configuration(...members), stat: {}, zxid: 1 };
}

beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), 'mesozoo-coord-'));
  data = new DataDirectory(path);
  data.openCluster(3);
  cluster = new FakeCluster();
  members = [line(1), line(2), line(3)];
  cluster.answers['znode.get'] = () => ({ data: configuration(...members) });
  cluster.answers['znode.reconfig'] = carryOut;
  cluster.answers['cluster.state'] = () => ({
    coords: [view(1, 'leading', 20), view(2, 'following', 17), view(4, 'following', 20)],
  });
});
afterEach(() => rmSync(path, { recursive: true }));

function supervise(): void {
  const startedAt = startOf(process.pid) ?? '';
  const supervisor = { pid: process.pid, startedAt };
  data.recordProcesses({ supervisor, natsUrl: 'nats://127.0.0.1:7222', portOffset: 10, parts: [] });
}
const coord = (...args: string[]) => cluster.run('coord', ...args, '--data', path);
const reconfigurations = () =>
  cluster.asked.filter(({ subject }) => subject.endsWith('znode.reconfig'));

describe('mesozoo coord', () => {
  it('tells members, those that are none, and those that are silent', async () => {
    const { exitCode, stdout } = await coord();
    expect(exitCode).toBe(0);
    expect(stdout.split('\n').map((text) => text.trim().split(/ {2,}/))).toEqual([
      ['COORD', 'ROLE', 'ZOOKEEPER CLIENTS', 'SLOT', 'BEHIND'],
      ['1', 'leading', '127.0.0.1:2181', '20', '0'],
      ['2', 'following', '127.0.0.1:2182', '17', '3'],
      ['3', 'no answer', '127.0.0.1:2183', '-', '-'],
      ['4', 'no vote', '-', '20', '0'],
      [''],
    ]);
  });

  it('tells the same to programs', async () => {
    const { stdout } = await coord('--json');
    expect(JSON.parse(stdout)[1]).toEqual({
      ...{ number: 2, role: 'following', clients: '127.0.0.1:2182', slot: 17, lag: 3 },
    });
  });

  it('does not guess roles where no master tells them, nor votes where no addresses are known', () => {
    expect(coordsSeen(readConfiguration(line(1)), undefined)[0]?.role).toBe('unknown');
    expect(coordsSeen([], [view(1, 'leading', 1)])[0]?.role).toBe('leading');
    expect(coordsSeen(readConfiguration(line(1, 'observer')), [view(1, 'following', 1)])).toEqual([
      expect.objectContaining({ role: 'observer' }),
    ]);
  });
});

describe('mesozoo coord add', () => {
  it('gives the next number, ports and the name of the others, and writes down that it is there', async () => {
    supervise();
    const { exitCode, stdout } = await coord('add');
    expect({ exitCode, stdout }).toEqual({
      ...{ exitCode: 0, stdout: 'coord 4 has joined; members: 1, 2, 3, 4\n' },
    });
    expect(cluster.addresses).toEqual(['nats://127.0.0.1:7222 mz']);
    expect(reconfigurations()[0]?.request.joining).toBe(
      'server.4=127.0.0.1:2888:3888:participant;127.0.0.1:2194',
    );
    expect(data.coords()).toEqual({ present: [1, 2, 3, 4], given: 4 });
  });

  it('brings one in as an observer', async () => {
    supervise();
    expect((await coord('add', '--observer')).exitCode).toBe(0);
    expect(reconfigurations()[0]?.request.joining).toContain(':observer;');
    const both = await coord('add', '--observer', '--server', line(5));
    expect(both.exitCode).toBe(2);
    expect(both.stderr).toContain('observer;HOST:PORT');
  });

  it('goes on with the one that an earlier command has begun with', async () => {
    supervise();
    data.recordCoords({ present: [1, 2, 3, 4], given: 4, joining: 4 });
    expect((await coord('add')).stdout).toContain('coord 4 has joined');
    expect(data.coords()).toEqual({ present: [1, 2, 3, 4], given: 4 });
  });

  it('waits for a coord that is starting', async () => {
    supervise();
    let tries = 0;
    cluster.answers['znode.reconfig'] = (request) => {
      tries += 1;
      if (tries < 3) throw new MesozooError('NEW_CONFIG_NO_QUORUM');
      return carryOut(request);
    };
    expect((await coord('add')).exitCode).toBe(0);
    expect(tries).toBe(3);
  });

  it('leaves nothing behind where it is refused', async () => {
    supervise();
    cluster.answers['znode.reconfig'] = () => {
      throw new MesozooError('RECONFIG_DISABLED');
    };
    const { exitCode, stderr } = await coord('add');
    expect(exitCode).toBe(1);
    expect(stderr).toContain('reconfigEnabled');
    expect(data.coords().present).toEqual([1, 2, 3]);
  });

  it('needs a supervisor, or the words for a coord that somebody else has started', async () => {
    const refused = await coord('add');
    expect(refused.exitCode).toBe(1);
    expect(refused.stderr).toMatch(/no supervisor runs from .*--data DIR.*--server/);
    expect((await coord('add', '--server', line(4))).stdout).toContain('members: 1, 2, 3, 4');
    expect((await coord('add', '--server', 'four')).exitCode).toBe(2);
    expect(data.coords().present).toEqual([1, 2, 3]);
  });

  it.runIf(process.platform === 'linux')('is alone at it', async () => {
    supervise();
    const unlock = await lockDirectory(data.of('logs'));
    expect((await coord('add')).stderr).toContain('another "mesozoo coord"');
    unlock();
    expect(reconfigurations()).toEqual([]);
  });
});

describe('mesozoo coord remove', () => {
  it('takes it out and writes down that it is there no more; its number is not given again', async () => {
    supervise();
    expect((await coord('remove', '3')).stdout).toBe('coord 3 has left; members: 1, 2\n');
    expect(data.coords()).toEqual({ present: [1, 2], given: 3 });
    expect((await coord('add')).stdout).toContain('coord 4 has joined; members: 1, 2, 4');
  });

  it('ends the process of one that an earlier command has taken out', async () => {
    supervise();
    members = [line(1), line(2)];
    expect((await coord('remove', '3')).stdout).toBe('coord 3 has left; members: 1, 2\n');
    expect(reconfigurations()).toEqual([]);
    expect(data.coords().present).toEqual([1, 2]);
  });

  it('leaves the coords of this machine alone where another cluster is meant', async () => {
    supervise();
    const there = ['--nats', 'nats://127.0.0.1:9'];
    expect((await coord('remove', '3', ...there)).exitCode).toBe(0);
    expect(data.coords().present).toEqual([1, 2, 3]);
  });

  it.each([
    ['a number that nobody has', '9', 1, /no coord 9: the members are 1, 2, 3/],
    ['what is no number', 'x', 2, /from 1 to 255/],
    ['a number that cannot be', '256', 2, /from 1 to 255/],
  ])('refuses %s', async (_what, given, exitCode, message) => {
    supervise();
    const refused = await coord('remove', given);
    expect(refused.exitCode).toBe(exitCode);
    expect(refused.stderr).toMatch(message);
    expect(reconfigurations()).toEqual([]);
  });

  it('refuses the last one, and one without which there is no majority', async () => {
    supervise();
    cluster.answers['znode.reconfig'] = () => {
      throw new MesozooError('NEW_CONFIG_NO_QUORUM');
    };
    expect((await coord('remove', '1')).stderr).toMatch(/without coord 1 no majority/);
    members = [line(1), line(2, 'observer')];
    expect((await coord('remove', '1')).stderr).toContain('the last one');
    expect(data.coords().present).toEqual([1, 2, 3]);
  });
});

describe('which coords there are to be', () => {
  it('numbers are given once, up to the greatest', () => {
    expect(withOneMore({ present: [1], given: 3 })).toEqual({
      ...{ present: [1, 4], given: 4, joining: 4 },
    });
    expect(() => withOneMore({ present: [1], given: 255 })).toThrow('255');
  });

  it('one that was to join and goes is not gone on with', () => {
    expect(without({ present: [1, 4], given: 4, joining: 4 }, 4)).toEqual({
      ...{ present: [1], given: 4 },
    });
    expect(without({ present: [1, 2, 4], given: 4, joining: 4 }, 2)).toEqual({
      ...{ present: [1, 4], given: 4, joining: 4 },
    });
  });
});
