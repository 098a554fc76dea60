/**
 * `npm run bench:million`: three coords with a million znodes. How fast they come to be and what memory they take; how
 * long a member stands still at worst while it takes snapshots, and while another that was away is brought up; how
 * soon a member, and the whole ensemble, serves again after kill -9.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { pause, startCluster, type TestCluster } from '../../../tests/cluster/harness.ts';
import { type Figure, printFigures } from '../../report.ts';
import { answerOf } from '../four-letters.ts';
import { openConnection, type Server } from '../load/connection.ts';
import { createTemplate, getTemplate } from '../load/frames.ts';
import { residentBytes } from '../process-tree.ts';
import { fill, KNOWN_PATH, ROOT, setMany, VALUE_BYTES, ZNODES_MIN } from './fill.ts';
import { Stalls } from './stalls.ts';

const { values } = parseArgs({
  options: {
    znodes: { type: 'string', default: '1000000' },
    sets: { type: 'string', default: '1000000' },
    rounds: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
  },
});
const [znodes, sets, rounds] = [values.znodes, values.sets, values.rounds].map(Number) as [
  number,
  number,
  number,
];
if (![sets, rounds].every((count) => count >= 1) || !(znodes >= ZNODES_MIN)) {
  console.error(
    `usage: npm run bench:million -- [--znodes N] [--sets N] [--rounds N] [--json], at least ${ZNODES_MIN} znodes`,
  );
  process.exit(2);
}

const MEMBERS = [1, 2, 3];
/** After which nothing more is expected to happen by itself. */
const SETTLE_MS = 3000;
const LOOK_MS = 20;
const PAUSE_GOAL = { atMost: 50 };
const figures = new Map<string, Figure & { values: number[] }>();

for (let round = 0; round < rounds; round++) await measure();
printFigures([...figures.values()], values.json);
process.exit(0);

async function measure(): Promise<void> {
  const stalls = new Stalls();
  const cluster = await startCluster({ masters: 1, agents: 0, env: stalls.env });
  try {
    await measureGrowth(cluster, stalls);
    await measureSnapshots(cluster, stalls);
    await measureAbsence(cluster, stalls);
    await measureStarts(cluster);
  } finally {
    await cluster.stop();
    stalls.remove();
  }
}

async function measureGrowth(cluster: TestCluster, stalls: Stalls): Promise<void> {
  const before = pidsOf(cluster).map((pid) => residentBytes([pid]));
  const fromMs = Date.now();
  add('znodes created', await fill(cluster.zookeeperAddresses, znodes), '/s');
  addPause('while they are created', 'a member', stalls.worst(pidsOf(cluster), fromMs));
  await pause(SETTLE_MS);
  const each = pidsOf(cluster).map((pid, index) => {
    const grown = residentBytes([pid]) - (before[index] as number);
    return grown / znodes - VALUE_BYTES;
  });
  add('resident memory a znode, beside its data', Math.max(...each), 'B', { atMost: 600 });
}

async function measureSnapshots(cluster: TestCluster, stalls: Stalls): Promise<void> {
  const fromMs = Date.now();
  add('znodes set', await setMany(cluster.zookeeperAddresses, znodes, sets), '/s');
  await pause(SETTLE_MS);
  add('snapshots taken meanwhile, by all members', snapshotsSince(cluster, fromMs), '');
  addPause('while they are set', 'a member', stalls.worst(pidsOf(cluster), fromMs));
  const resident = pidsOf(cluster).map((pid) => residentBytes([pid]) / 2 ** 20);
  add('resident memory of the largest member', Math.max(...resident), 'MiB');
}

async function measureAbsence(cluster: TestCluster, stalls: Stalls): Promise<void> {
  const leader = Number((await cluster.leadingCoord()).slice('coord-'.length));
  const away = MEMBERS.find((member) => member !== leader) as number;
  const others = MEMBERS.filter((member) => member !== away);
  const servers = others.map((member) => addressOf(cluster, member));
  await cluster.kill(`coord-${away}`);
  await setMany(servers, znodes, sets);
  await pause(SETTLE_MS);
  const watched = await openConnection(addressOf(cluster, leader));
  const fromMs = Date.now();
  const startedAt = performance.now();
  cluster.start(`coord-${away}`);
  let slowestMs = 0;
  watched.start(
    1,
    () => getTemplate(KNOWN_PATH),
    (_now, latencyMs) => {
      slowestMs = Math.max(slowestMs, latencyMs);
    },
  );
  await untilServing(addressOf(cluster, away));
  const servingMs = Date.now();
  await untilZxid(addressOf(cluster, away), await zxidOf(servers[0] as Server));
  const seconds = (performance.now() - startedAt) / 1000;
  await watched.stop();
  watched.close();
  add(`member away for ${sets} sets: started and level with the others`, seconds, 's');
  const pids = others.map((member) => pidOf(cluster, member));
  addPause('meanwhile', 'the others', stalls.worst(pids, fromMs));
  add('meanwhile: slowest get at the leader', slowestMs, 'ms');
  const own = stalls.worst([pidOf(cluster, away)], servingMs);
  addPause('meanwhile, once it serves', 'the member itself', own);
}

async function measureStarts(cluster: TestCluster): Promise<void> {
  const leader = Number((await cluster.leadingCoord()).slice('coord-'.length));
  const member = MEMBERS.find((one) => one !== leader) as number;
  await cluster.kill(`coord-${member}`);
  const oneAt = performance.now();
  cluster.start(`coord-${member}`);
  await untilReading(addressOf(cluster, member));
  add('member killed and started: first read', (performance.now() - oneAt) / 1000, 's', {
    atMost: 10,
  });
  await Promise.all(MEMBERS.map((one) => cluster.kill(`coord-${one}`)));
  const allAt = performance.now();
  for (const one of MEMBERS) cluster.start(`coord-${one}`);
  await untilWriting(addressOf(cluster, 1));
  add('all members killed and started: first write', (performance.now() - allAt) / 1000, 's', {
    atMost: 10,
  });
}

// ── What the ensemble says ──────────────────────────────────────────────────────────────────────────────────────

async function untilServing(server: Server): Promise<void> {
  while ((await answerOf(server, 'srvr')) === '') await pause(LOOK_MS);
}

async function untilReading(server: Server): Promise<void> {
  while ((await tried(server, getTemplate(KNOWN_PATH))) !== 0) await pause(LOOK_MS);
}

async function untilWriting(server: Server): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    const path = `${ROOT}/started-${process.pid}-${attempt}`;
    if ((await tried(server, createTemplate(path, Buffer.alloc(0)))) === 0) return;
    await pause(LOOK_MS);
  }
}

/** ZooKeeper's code; undefined from a server that takes no session yet. */
async function tried(
  server: Server,
  template: ReturnType<typeof getTemplate>,
): Promise<number | undefined> {
  let connection: Awaited<ReturnType<typeof openConnection>>;
  try {
    connection = await openConnection(server, 1000);
  } catch {
    return undefined;
  }
  try {
    return await connection.ask(template);
  } finally {
    connection.close();
  }
}

async function zxidOf(server: Server): Promise<bigint> {
  const zxid = /^Zxid: (0x[0-9a-f]+)$/m.exec(await answerOf(server, 'srvr'))?.[1];
  return BigInt(zxid ?? 0);
}

async function untilZxid(server: Server, zxid: bigint): Promise<void> {
  while ((await zxidOf(server)) < zxid) await pause(LOOK_MS);
}

function snapshotsSince(cluster: TestCluster, fromMs: number): number {
  return MEMBERS.flatMap((member) =>
    readFileSync(join(cluster.directory, 'logs', `coord-${member}.log`), 'utf8').split('\n'),
  ).filter((line) => {
    if (!line.includes('"snapshot saved"')) return false;
    return new Date((JSON.parse(line) as { time: string | number }).time).getTime() >= fromMs;
  }).length;
}

function pidsOf(cluster: TestCluster): number[] {
  return MEMBERS.map((member) => pidOf(cluster, member));
}

function pidOf(cluster: TestCluster, member: number): number {
  const pid = cluster.pidOf(`coord-${member}`);
  if (pid === undefined) throw new Error(`coord-${member} does not run`);
  return pid;
}

function addressOf(cluster: TestCluster, member: number): Server {
  return cluster.zookeeperAddresses[member - 1] as Server;
}

/** On a machine with more to do than processors the clock tells of the others too. */
function addPause(when: string, who: string, worst: { ms: number; cpuMs: number }): void {
  add(`${when}: longest pause of ${who}`, worst.ms, 'ms', PAUSE_GOAL);
  add(`${when}: most processor time of ${who} between two turns`, worst.cpuMs, 'ms');
}

function add(what: string, value: number, unit: string, goal?: Figure['goal']): void {
  const figure = figures.get(what) ?? { what, unit, values: [], ...(goal && { goal }) };
  figures.set(what, figure);
  figure.values.push(value);
  console.error(`${what}: ${value.toFixed(1)} ${unit}`);
}
