/** A coord is cut off from all others: taken off the network, or behind a wall that swallows packets, in one direction too. */
import type { SeededRandom } from '../../../simulation/random.ts';
import { type ContainerCluster, coords } from '../cluster.ts';
import type { Direction } from '../service.ts';
import type { Fault, Harm } from './fault.ts';

const CUT_OFF_MS = 6000;

/** The leader in two cases of three: what it believes while it is alone matters most. */
async function pickCoord(cluster: ContainerCluster, random: SeededRandom): Promise<string> {
  return random.chance(2 / 3) ? cluster.leadingCoord() : random.pick(coords);
}

async function disconnected(cluster: ContainerCluster, random: SeededRandom): Promise<Harm> {
  const victim = await pickCoord(cluster, random);
  const service = cluster.service(victim);
  await service.disconnect();
  return { victims: [victim], lastsMs: CUT_OFF_MS, heal: () => service.connect() };
}

function cutOff(...directions: readonly Direction[]): Fault['strike'] {
  return async (cluster, random) => {
    const victim = await pickCoord(cluster, random);
    const service = cluster.service(victim);
    for (const direction of directions) await service.cutOff(direction);
    return {
      ...{ victims: [victim], lastsMs: CUT_OFF_MS },
      async heal() {
        for (const direction of directions) await service.undoCutOff(direction);
      },
    };
  };
}

export const networkFaults: readonly Fault[] = [
  {
    name: 'coord-disconnected',
    what: 'a coord is taken off the network',
    strike: disconnected,
  },
  {
    name: 'coord-cut-off',
    what: 'a coord is behind a firewall that drops everything',
    strike: cutOff('in', 'out'),
  },
  {
    name: 'coord-deaf',
    what: 'nothing reaches a coord, which itself is heard',
    strike: cutOff('in'),
  },
  {
    name: 'coord-mute',
    what: 'nothing from a coord gets through, which itself hears',
    strike: cutOff('out'),
  },
];
