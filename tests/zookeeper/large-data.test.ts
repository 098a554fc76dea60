/**
 * As much data as ZooKeeper's default jute.maxbuffer lets through, in three members: through their logs, from each of
 * them, over a change of the leader and over the loss of everything that runs.
 */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { pause, startCluster, type TestCluster } from '../cluster/harness.ts';
import { type Address, type Incoming, WireConnection } from './wire/connection.ts';
import { multi } from './wire/multi.ts';
import {
  check,
  create,
  exists,
  getChildren,
  getData,
  type Request,
  setData,
  sync,
} from './wire/requests.ts';

const FRAME_BYTES_MAX = 0xfffff;
/** xid and opcode, before the body. */
const HEADER_BYTES = 8;
const ANSWER_WITHIN_MS = 30_000;

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startCluster({ masters: 1, agents: 0 });
}, 60_000);
afterAll(() => cluster.stop());

/** A member that was killed is there again after a while, and takes clients when it knows a leader. */
async function welcomed(address: Address): Promise<WireConnection> {
  for (;;) {
    const connection = await WireConnection.open(address).catch(() => undefined);
    connection?.sayHello();
    const first = await connection?.next(ANSWER_WITHIN_MS);
    if (connection !== undefined && first?.kind === 'welcome') return connection;
    await pause(100);
  }
}

/** The replies to all, which are sent in one piece. */
async function ask(address: Address, ...requests: readonly Request[]): Promise<Incoming[]> {
  const connection = await welcomed(address);
  connection.send(...requests);
  const replies: Incoming[] = [];
  for (const _ of requests) replies.push(await connection.next(ANSWER_WITHIN_MS));
  connection.drop();
  return replies;
}

/** A request of exactly the longest frame there may be. */
function filled(request: (data: string) => Request, letter: string): Request {
  const overhead = HEADER_BYTES + request('').body.length;
  return request(letter.repeat(FRAME_BYTES_MAX - overhead));
}

const paths = Array.from({ length: 8 }, (_, index) => `/large-${index}`);
const good = { kind: 'reply', error: 0 };

it('goes into znodes and comes out of every member, whatever happens to them', async () => {
  const [first] = cluster.zookeeperAddresses;
  const creations = paths.map((path) => filled((data) => create(path, { data }), path.slice(-1)));
  for (const reply of await ask(first!, ...creations)) expect(reply).toMatchObject(good);
  const changes = paths.map((path) => filled((data) => setData(path, data), path.slice(-1)));
  for (const reply of await ask(first!, ...changes)) expect(reply).toMatchObject(good);

  const everywhere = async () => {
    for (const address of cluster.zookeeperAddresses) {
      const reads = paths.flatMap((path): Request[] => [sync(path), getData(path)]);
      const replies = await ask(address, ...reads);
      paths.forEach((path, index) => {
        const { body } = replies[2 * index + 1] as Extract<Incoming, { kind: 'reply' }>;
        const { data } = body as { data: string };
        // A million characters are no message for anybody to read.
        expect(data.length).toBe((changes[index]!.fields.data as string).length);
        expect(new Set(data)).toEqual(new Set(path.slice(-1)));
      });
    }
  };
  await everywhere();

  cluster.signal(await cluster.leadingCoord(), 'SIGKILL');
  await cluster.untilWell();
  await everywhere();
  for (const reply of await ask(first!, ...changes)) expect(reply).toMatchObject(good);

  await cluster.crashAndRestart();
  await everywhere();
}, 180_000);

it('is refused with its connection one byte beyond, and nobody else is disturbed', async () => {
  const [first] = cluster.zookeeperAddresses;
  const { fields } = filled((data) => create('/too-large', { data }), 'x');
  const data = `${fields.data as string}x`;
  expect(await ask(first!, create('/too-large', { data }))).toEqual([{ kind: 'closed' }]);
  expect(await ask(first!, exists('/too-large'))).toMatchObject([{ kind: 'reply', error: -101 }]);
}, 60_000);

it('fits a multi of as many operations as a frame holds', async () => {
  const [first, second] = cluster.zookeeperAddresses;
  const children = Array.from({ length: 10_000 }, (_, index) => create(`/many/${index}`));
  const checks = Array.from({ length: 40_000 }, () => check('/many', 0));
  const replies = await ask(first!, create('/many'), multi(...children), multi(...checks));
  for (const reply of replies) expect(reply).toMatchObject(good);
  const { body } = replies[1] as Extract<Incoming, { kind: 'reply' }>;
  const { results } = body as { results: readonly object[] };
  expect(results.at(-1)).toEqual({ type: 1, reply: { path: '/many/9999' } });
  const [, listed] = await ask(second!, sync('/'), getChildren('/many'));
  expect(listed).toMatchObject({ ...good, body: { children: { length: 10_000 } } });
}, 60_000);
