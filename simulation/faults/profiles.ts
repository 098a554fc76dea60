/**
 * Profiles: what kind of cluster a run has, and how often what goes wrong in it. The seed picks within a profile.
 */
import { GOOD_NETWORK, type NetworkSettings } from '../network/settings.ts';
import type { SeededRandom } from '../random.ts';

export const faultKinds = [
  'crashProcess',
  'stopCoord',
  'crashMachine',
  'crashInTurn',
  'crashAllCoords',
  'crashClient',
  'crashMaster',
  'pause',
  'partition',
  'isolateLeader',
  'slowLeader',
  'cutConnection',
  'restartNats',
  'slowDisk',
  'failDisk',
  'wipeDisk',
  'rotDisk',
  'storm',
] as const;
export type FaultKind = (typeof faultKinds)[number];

export interface Profile {
  readonly name: ProfileName;
  readonly description: string;
  /** Members of the quorum: one of these. */
  readonly coords: readonly number[];
  /** Coords without a vote, beside them. */
  readonly observers?: number;
  readonly masters: number;
  readonly agents: number;
  readonly znodeClients: number;
  /** Clients that speak ZooKeeper's protocol to the members themselves. */
  readonly zookeeperClients?: number;
  readonly taskClients: number;
  /** Whether a framework from outside takes part. */
  readonly framework?: boolean;
  /** A service that a framework of its own keeps, beside the tasks. */
  readonly service?: boolean;
  /** How long faults happen. */
  readonly activeMs: readonly [number, number];
  /** After that nothing is wrong any more, and within this time everything must have come to a good end. */
  readonly quietMs: number;
  /** Mean time between two faults of a kind; a seed leaves some kinds out. */
  readonly everyMs: Readonly<Partial<Record<FaultKind, number>>>;
  /** The chance that a run has a fault kind of its profile at all. */
  readonly kindChance: number;
  readonly network: (random: SeededRandom) => NetworkSettings;
}

export type ProfileName =
  | 'calm'
  | 'quorum'
  | 'disks'
  | 'partitions'
  | 'sessions'
  | 'cluster'
  | 'failover'
  | 'power'
  | 'wipes'
  | 'duel'
  | 'late'
  | 'slow'
  | 'frameworks'
  | 'services'
  | 'zookeeper'
  | 'observers';

const calmNetwork = () => GOOD_NETWORK;

/** From nearly good to bad. */
function roughNetwork(random: SeededRandom): NetworkSettings {
  const badness = random.next() ** 2;
  return {
    latencyUs: [50, random.between(300, 300 + 5000 * badness)],
    spikeChance: random.chance(0.5) ? 0.02 * badness : 0,
    spikeUs: [1000, 100_000],
    lossChance: random.chance(0.6) ? 0.1 * badness : 0,
    repeatChance: random.chance(0.5) ? 0.1 * badness : 0,
    disorderChance: random.chance(0.5) ? 0.2 * badness : 0,
    disorderUs: [0, random.between(1000, 200_000)],
    requestLossChance: random.chance(0.4) ? 0.05 * badness : 0,
    requestRepeatChance: random.chance(0.4) ? 0.05 * badness : 0,
    offlineLossChance: random.next(),
    deathNoticeChance: GOOD_NETWORK.deathNoticeChance,
  };
}

/** Messages between actors come in any order, and some much too late. */
const lateNetwork = (lateMs: number) => (): NetworkSettings => ({
  ...GOOD_NETWORK,
  disorderChance: 0.15,
  disorderUs: [0, lateMs * 1000],
  repeatChance: 0.1,
});

const quorumOnly = { masters: 0, agents: 0, taskClients: 0 } as const;

export const profiles: Readonly<Record<ProfileName, Profile>> = {
  calm: {
    name: 'calm',
    description: 'nothing goes wrong',
    coords: [3],
    masters: 2,
    agents: 3,
    znodeClients: 1,
    taskClients: 1,
    framework: true,
    activeMs: [3000, 5000],
    quietMs: 30_000,
    everyMs: {},
    kindChance: 1,
    network: calmNetwork,
  },
  quorum: {
    name: 'quorum',
    description: 'coords and clients of the tree; everything may happen',
    ...quorumOnly,
    coords: [3, 3, 3, 5],
    znodeClients: 3,
    activeMs: [4000, 9000],
    quietMs: 60_000,
    everyMs: {
      crashProcess: 3000,
      stopCoord: 4000,
      crashMachine: 3000,
      crashInTurn: 3000,
      crashAllCoords: 6000,
      crashClient: 6000,
      pause: 4000,
      partition: 3000,
      isolateLeader: 5000,
      cutConnection: 2500,
      restartNats: 8000,
      slowDisk: 4000,
      failDisk: 8000,
      wipeDisk: 8000,
      rotDisk: 10_000,
      storm: 4000,
    },
    kindChance: 0.45,
    network: roughNetwork,
  },
  disks: {
    name: 'disks',
    description: 'disks that tear, fail, rot and are emptied, under power cuts',
    ...quorumOnly,
    coords: [3],
    znodeClients: 3,
    activeMs: [4000, 8000],
    quietMs: 60_000,
    everyMs: {
      crashMachine: 1500,
      crashInTurn: 1500,
      crashAllCoords: 3000,
      slowDisk: 3000,
      failDisk: 5000,
      wipeDisk: 3000,
      rotDisk: 5000,
    },
    kindChance: 0.6,
    network: roughNetwork,
  },
  partitions: {
    name: 'partitions',
    description: 'partitions in one and both directions, pauses, and a bad network',
    ...quorumOnly,
    coords: [3, 5],
    znodeClients: 3,
    activeMs: [5000, 9000],
    quietMs: 60_000,
    everyMs: { partition: 1200, isolateLeader: 1500, pause: 3000, storm: 2500, crashProcess: 4000 },
    kindChance: 0.8,
    network: roughNetwork,
  },
  sessions: {
    name: 'sessions',
    description: 'clients that lose connections, requests and answers',
    ...quorumOnly,
    coords: [3],
    znodeClients: 4,
    activeMs: [5000, 9000],
    quietMs: 60_000,
    everyMs: {
      cutConnection: 600,
      crashClient: 3000,
      crashProcess: 3000,
      isolateLeader: 4000,
      restartNats: 5000,
      pause: 3000,
    },
    kindChance: 0.7,
    network: (random) => ({
      ...roughNetwork(random),
      requestLossChance: 0.05 * random.next(),
      requestRepeatChance: 0.05 * random.next(),
    }),
  },
  zookeeper: {
    name: 'zookeeper',
    description:
      "clients of both doors, whose connections are cut, late and in pieces, over members' crashes",
    ...quorumOnly,
    coords: [3],
    znodeClients: 1,
    zookeeperClients: 3,
    activeMs: [5000, 9000],
    quietMs: 60_000,
    everyMs: {
      crashProcess: 2500,
      stopCoord: 2000,
      crashMachine: 4000,
      crashInTurn: 3000,
      crashClient: 6000,
      pause: 3000,
      partition: 3000,
      isolateLeader: 4000,
      cutConnection: 800,
      restartNats: 8000,
      slowDisk: 5000,
    },
    kindChance: 0.6,
    network: roughNetwork,
  },
  observers: {
    name: 'observers',
    description: 'clients at members and observers, which come and go, and lose their disks',
    ...quorumOnly,
    coords: [3],
    observers: 2,
    znodeClients: 2,
    zookeeperClients: 2,
    activeMs: [5000, 9000],
    quietMs: 60_000,
    everyMs: {
      crashProcess: 2000,
      stopCoord: 3000,
      crashMachine: 3000,
      crashInTurn: 3000,
      pause: 3000,
      partition: 2000,
      isolateLeader: 4000,
      cutConnection: 1500,
      wipeDisk: 3000,
      slowDisk: 4000,
    },
    kindChance: 0.6,
    network: roughNetwork,
  },
  cluster: {
    name: 'cluster',
    description: 'the whole cluster; everything may happen',
    coords: [3],
    masters: 2,
    agents: 3,
    znodeClients: 1,
    taskClients: 2,
    activeMs: [8000, 14_000],
    quietMs: 120_000,
    everyMs: {
      crashProcess: 3000,
      crashMachine: 5000,
      crashInTurn: 4000,
      crashClient: 8000,
      pause: 6000,
      partition: 5000,
      isolateLeader: 8000,
      cutConnection: 4000,
      restartNats: 12_000,
      slowDisk: 6000,
      storm: 5000,
    },
    kindChance: 0.4,
    network: roughNetwork,
  },
  failover: {
    name: 'failover',
    description: 'masters and agents die, hang and are cut off',
    coords: [3],
    masters: 3,
    agents: 3,
    znodeClients: 0,
    taskClients: 2,
    activeMs: [10_000, 16_000],
    quietMs: 120_000,
    everyMs: {
      crashProcess: 1500,
      pause: 2500,
      partition: 3000,
      cutConnection: 2500,
      crashInTurn: 3000,
    },
    kindChance: 0.7,
    network: roughNetwork,
  },
  power: {
    name: 'power',
    description: 'slow disks and power cuts of all coords at once',
    ...quorumOnly,
    coords: [3],
    znodeClients: 4,
    activeMs: [5000, 8000],
    quietMs: 60_000,
    everyMs: { crashAllCoords: 1500, slowDisk: 600, crashMachine: 1500, crashInTurn: 1500 },
    kindChance: 1,
    network: calmNetwork,
  },
  wipes: {
    name: 'wipes',
    description: 'disks are emptied while others are cut off and crash',
    ...quorumOnly,
    coords: [3],
    znodeClients: 3,
    activeMs: [6000, 9000],
    quietMs: 60_000,
    everyMs: { wipeDisk: 600, partition: 800, isolateLeader: 1000, crashProcess: 1200 },
    kindChance: 1,
    network: calmNetwork,
  },
  duel: {
    name: 'duel',
    description: 'leaders that are cut off and come back, among late and repeated messages',
    ...quorumOnly,
    coords: [3, 5],
    znodeClients: 4,
    activeMs: [6000, 9000],
    quietMs: 60_000,
    everyMs: { isolateLeader: 700, pause: 1200, partition: 1500 },
    kindChance: 1,
    network: lateNetwork(1500),
  },
  late: {
    name: 'late',
    description: 'masters die while their orders are still under way',
    coords: [3],
    masters: 3,
    agents: 3,
    znodeClients: 0,
    taskClients: 3,
    activeMs: [16_000, 20_000],
    quietMs: 120_000,
    everyMs: { crashMaster: 2500, crashProcess: 4000, pause: 4000 },
    kindChance: 1,
    network: () => ({ ...lateNetwork(9000)(), lossChance: 0.3, disorderChance: 0.4 }),
  },
  slow: {
    name: 'slow',
    description: 'leaders that run only now and then or are far away, and hand over',
    ...quorumOnly,
    coords: [3, 5],
    znodeClients: 2,
    zookeeperClients: 1,
    // Each leads for some seconds before it hands over.
    activeMs: [20_000, 30_000],
    quietMs: 60_000,
    everyMs: { slowLeader: 5000, slowDisk: 5000, crashProcess: 12_000, isolateLeader: 15_000 },
    kindChance: 0.9,
    network: roughNetwork,
  },
  frameworks: {
    name: 'frameworks',
    description:
      'a framework from outside beside the users; it, masters and agents die and are cut off',
    coords: [3],
    masters: 2,
    agents: 3,
    znodeClients: 0,
    taskClients: 1,
    framework: true,
    activeMs: [14_000, 20_000],
    quietMs: 120_000,
    // Seldom enough for the framework to get to its work between two of them.
    everyMs: {
      crashClient: 4000,
      crashMaster: 7000,
      crashProcess: 7000,
      crashInTurn: 7000,
      pause: 6000,
      partition: 8000,
      cutConnection: 3000,
      restartNats: 15_000,
      storm: 6000,
    },
    kindChance: 0.5,
    network: (random) => ({
      ...roughNetwork(random),
      requestLossChance: random.chance(0.5) ? 0.02 * random.next() : 0,
      requestRepeatChance: random.chance(0.5) ? 0.2 * random.next() : 0,
    }),
  },
  services: {
    name: 'services',
    description: 'a framework keeps a service, while it, masters, agents and coords die and hang',
    coords: [3],
    masters: 2,
    agents: 3,
    znodeClients: 0,
    taskClients: 1,
    service: true,
    activeMs: [15_000, 30_000],
    quietMs: 180_000,
    everyMs: {
      crashProcess: 2500,
      crashMaster: 5000,
      crashMachine: 6000,
      crashInTurn: 4000,
      crashClient: 4000,
      pause: 4000,
      partition: 5000,
      cutConnection: 3000,
      restartNats: 12_000,
    },
    kindChance: 0.5,
    network: roughNetwork,
  },
};

/** Which profile a seed runs with when nobody says: each in turn, the broad ones more than once. */
const rotation: readonly ProfileName[] = [
  'quorum',
  'cluster',
  'disks',
  'failover',
  'partitions',
  'frameworks',
  'sessions',
  'observers',
  'failover',
  'calm',
  'power',
  'wipes',
  'duel',
  'late',
  'slow',
  'services',
  'zookeeper',
];

export function profileOfSeed(seed: number): ProfileName {
  return rotation[seed % rotation.length]!;
}
