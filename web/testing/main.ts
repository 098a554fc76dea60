/**
 * For work on the page: serves it with a cluster that is none. `node web/testing/main.ts [failover|traffic|tasks|all]`
 * and the port; a change in `web/` needs a reload.
 */
import type { LiveItem } from '../model/wire.ts';
import { FakeCluster } from './fake-cluster.ts';
import { startPageServer } from './page-server.ts';
import * as scenarios from './scenarios.ts';

const [scenario = 'failover', port = '3080'] = process.argv.slice(2);
const past: LiveItem[] = [];
const server = await startPageServer({
  port: Number(port),
  greeting: () => [{ hello: { cluster: 'mz', version: '0.1.0', nowMs: Date.now() } }, past],
  onWatch: (sessionIds) => cluster.watch(sessionIds),
});
const cluster = new FakeCluster((items) => {
  past.push(...items);
  server.send(items);
});
scenarios.smallCluster(cluster);
console.log(server.url);

async function failovers(): Promise<void> {
  let [leads, next] = ['coord-1', 'coord-2'];
  let [leadingMaster, nextMaster] = ['master-1', 'master-2'];
  for (;;) {
    await pause(4000);
    for (const _ of scenarios.leaderDies(cluster, leads, next)) await pause(600);
    for (const _ of scenarios.masterDies(cluster, leadingMaster, nextMaster)) await pause(600);
    [leads, next] = [next, leads];
    [leadingMaster, nextMaster] = [nextMaster, leadingMaster];
  }
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

if (scenario === 'traffic') {
  scenarios.manyAgents(cluster, 200);
  const events = scenarios.traffic(cluster, 200);
  setInterval(() => {
    for (let count = 0; count < 10; count += 1) events.next();
  }, 20);
} else if (scenario === 'tasks') scenarios.manyTasks(cluster, 10_000);
else if (scenario === 'all')
  cluster.run('machine.everything', scenarios.everythingMachine, 'SWITCH_ON', 'HEAT');
else await failovers();
