/**
 * A coord that gets a hundredth of its processor: it runs for a millisecond and stands still for the rest of a tenth of
 * a second. Nobody waits for one that follows; one that leads is not taken for dead, for its heartbeats come, but hands over.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pause, startCluster, type TestCluster } from './harness.ts';
import { SessionLoad } from './session-load.ts';

const RUN_MS = 1;
const STAND_MS = 99;
const MEASURED_MS = 4000;
const SETTLE_MS = 1000;

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startCluster({ masters: 1, agents: 0 });
}, 120_000);
afterAll(() => cluster.stop());

/** Until the function that it gives is called. */
function slowDown(part: string): () => void {
  let timer: NodeJS.Timeout;
  const stand = () => {
    cluster.signal(part, 'SIGSTOP');
    timer = setTimeout(run, STAND_MS);
  };
  const run = () => {
    cluster.signal(part, 'SIGCONT');
    timer = setTimeout(stand, RUN_MS);
  };
  stand();
  return () => {
    clearTimeout(timer);
    cluster.signal(part, 'SIGCONT');
  };
}

interface Figures {
  readonly writes: number;
  readonly p99Ms: number;
}

async function measure(load: SessionLoad): Promise<Figures> {
  const before = load.writes.length;
  await pause(MEASURED_MS);
  const took = load.writes.slice(before).map(({ tookMs }) => tookMs);
  took.sort((one, other) => one - other);
  return { writes: took.length, p99Ms: took[Math.floor(took.length * 0.99)] ?? Number.NaN };
}

/** By what the members say of themselves. */
async function untilAnotherLeads(former: number): Promise<void> {
  for (;;) {
    const states = await cluster.coordStates();
    if (states.some(({ id, role }) => role === 'leading' && id !== former)) return;
  }
}

describe('a member that is slowed down a hundredfold', () => {
  it.each([
    ['follows', false],
    ['leads', true],
  ])(
    'and %s does not slow down the clients of the others for long',
    async (role, leads) => {
      await cluster.untilWell();
      const leader = Number((await cluster.leadingCoord()).slice(-1));
      const victim = leads ? leader : (leader % 3) + 1;
      const others = [1, 2, 3].filter((member) => member !== victim);
      const load = await SessionLoad.start(cluster, {
        ...{ parent: `/slow-${role}`, clientsPerMember: 4, natsClients: 0 },
        members: others.map((member) => member - 1),
      });
      await pause(500);
      const before = await measure(load);
      const heal = slowDown(`coord-${victim}`);
      let during: Figures;
      try {
        if (leads) await untilAnotherLeads(victim);
        await pause(SETTLE_MS);
        during = await measure(load);
      } finally {
        heal();
      }
      await load.stop();
      const [was, is] = [before, during].map(
        ({ writes, p99Ms }) => `${writes} writes, p99 ${p99Ms.toFixed(1)} ms`,
      );
      console.log(`coord-${victim}, which ${role}: ${was}; then ${is}`);

      expect(during.writes).toBeGreaterThan(before.writes / 10);
      expect(load.wrong).toEqual([]);
      await load.serves(victim);
      expect(await load.missing()).toEqual([]);
    },
    120_000,
  );
});
