/**
 * `npm run bench`: the figures of this machine, as medians over rounds. Starts clusters of its own, through the code of
 * `npm start`, with `fdatasync` on and everything on the one machine.
 */
import { parseArgs } from 'node:util';
import { measureFailover } from './measure/failover.ts';
import { measureInspectedTransition } from './measure/inspected-transition.ts';
import { measureInspection } from './measure/inspection.ts';
import { measurePage } from './measure/page.ts';
import { measureStart } from './measure/start.ts';
import { measureTasks } from './measure/tasks.ts';
import { measureZnodes } from './measure/znodes.ts';
import { printFigures } from './report.ts';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '8' },
    only: { type: 'string', multiple: true },
    json: { type: 'boolean', default: false },
  },
});
const rounds = Number(values.rounds);
const seconds = Number(values.seconds);
const measures = {
  znodes: () => measureZnodes({ rounds, seconds }),
  tasks: () => measureTasks({ rounds, tasks: seconds * 1000 }),
  start: () => measureStart({ rounds }),
  failover: () => measureFailover({ rounds }),
  transition: () => measureInspectedTransition({ rounds }),
  inspection: () => measureInspection({ rounds, tasks: seconds * 1000 }),
  page: () => measurePage({ rounds, seconds }),
} as const;

const unknown = values.only?.find((name) => !(name in measures));
if (unknown !== undefined || !(rounds >= 1) || !(seconds >= 1)) {
  console.error(
    `usage: npm run bench -- [--rounds N] [--seconds N] [--json] [--only ${Object.keys(measures).join('|')}]`,
  );
  process.exit(2);
}
const figures = [];
for (const [name, measure] of Object.entries(measures)) {
  if (values.only !== undefined && !values.only.includes(name)) continue;
  figures.push(...(await measure()));
}
printFigures(figures, values.json);
process.exit(0);
