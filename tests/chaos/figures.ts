/** `npm run chaos -- --figures`: the times that are promised, as medians of several rounds, against their bounds. */
import { median } from '../../bench/load/histogram.ts';
import { ContainerCluster } from './cluster.ts';
import { readFaults } from './faults/table.ts';
import { runFaults } from './run.ts';
import { roundLine } from './summary.ts';
import { measureUp } from './up.ts';

interface Figure {
  readonly what: string;
  readonly seconds: readonly number[];
  readonly atMostSeconds: number;
}

/** Prints them; gives the exit code: 1 when one is missed, or something was lost on the way. */
export async function measureFigures(rounds: number): Promise<number> {
  const ups: number[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    ups.push(await measureUp());
    console.log(`docker compose up: ${ups.at(-1)?.toFixed(1)} s`);
  }
  const cluster = await ContainerCluster.start();
  const { rounds: played, broken } = await runFaults({
    ...{ cluster, seed: 'figures', hurry: new AbortController().signal },
    faults: Array.from({ length: rounds }, () => readFaults('coord-killed,master-killed')).flat(),
    began: () => undefined,
    ended: (result) => console.log(roundLine(result)),
  });
  await cluster.stop();
  const of = (fault: string) => played.filter((round) => round.fault === fault);
  const figures: Figure[] = [
    { what: 'docker compose up to ready, images present', seconds: ups, atMostSeconds: 15 },
    {
      what: 'leading coord killed: longest time without a successful write',
      seconds: of('coord-killed').map(({ withoutWriteMs }) => withoutWriteMs / 1000),
      atMostSeconds: 1,
    },
    {
      what: 'leading master killed: longest time without a launch',
      seconds: of('master-killed').map(({ withoutStartMs }) => withoutStartMs / 1000),
      atMostSeconds: 3,
    },
  ];
  console.log();
  for (const { what, seconds, atMostSeconds } of figures) {
    const all = seconds.map((each) => each.toFixed(1)).join(' ');
    console.log(
      `${what}: median ${median(seconds).toFixed(2)} s, at most ${atMostSeconds} s (${all})`,
    );
  }
  const isWrong = broken !== undefined || played.some(({ violations }) => violations.length > 0);
  const isMissed = figures.some(
    ({ seconds, atMostSeconds }) => !(median(seconds) <= atMostSeconds),
  );
  return isWrong || isMissed ? 1 : 0;
}
