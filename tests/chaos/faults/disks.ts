/** A coord's disk is emptied while it is down, or has no room left. */

import { MesozooError } from '../../../protocol/errors.ts';
import { exitCodeOf } from '../../../runtime/exit-codes.ts';
import { type ContainerCluster, coords } from '../cluster.ts';
import { exits, exitsWith, type Fault, type Harm } from './fault.ts';

const DOWN_MS = 2000;
const FULL_MS = 4000;
/** The one whose volume is small in tests/chaos/compose.yml. */
const SMALL_DISK = 'coord-3';
const FILLER = `/data/${SMALL_DISK}/filler`;
/** Of several starts that all fail: the engine tries again and again. */
const LOG_LINES = 200;
const exitDiskFull = exitCodeOf(new MesozooError('DISK_FULL', ''));

async function wiped(cluster: ContainerCluster, victim: string): Promise<Harm> {
  const service = cluster.service(victim);
  await service.stop();
  await cluster.service('disks').run(`find /data/${victim} -mindepth 1 -delete`);
  return {
    ...{ victims: [victim], lastsMs: DOWN_MS },
    heal: () => service.start(),
    explains: exitsWith(exits.well),
  };
}

async function full(cluster: ContainerCluster): Promise<Harm> {
  const service = cluster.service(SMALL_DISK);
  // dd fails when nothing more fits, which is what it is for.
  await cluster.service('disks').run(`dd if=/dev/zero of=${FILLER} bs=64k 2>/dev/null || true`);
  return {
    ...{ victims: [SMALL_DISK], lastsMs: FULL_MS },
    async heal() {
      await cluster.service('disks').run(`rm ${FILLER}`);
      // The engine starts it again by itself, but later and later.
      await service.hastenRestart();
    },
    explains: exitsWith(exitDiskFull),
    async check() {
      const died = cluster.deaths.some(
        ({ service: name, exitCode }) => name === SMALL_DISK && exitCode === exitDiskFull,
      );
      const wrong: string[] = [];
      if (!died) wrong.push(`${SMALL_DISK} has not stopped with exit code ${exitDiskFull}`);
      if (!(await service.log(LOG_LINES)).includes('"code":"DISK_FULL"'))
        wrong.push(`${SMALL_DISK} does not say that its disk is full`);
      return wrong;
    },
  };
}

export const diskFaults: readonly Fault[] = [
  {
    name: 'coord-wiped',
    what: "a coord's volume is emptied",
    strike: (cluster, random) => wiped(cluster, random.pick(coords)),
  },
  {
    name: 'disk-full',
    what: "a coord's disk is full",
    strike: (cluster) => full(cluster),
  },
];
