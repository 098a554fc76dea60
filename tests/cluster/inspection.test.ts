/** A leading master dies while somebody watches: seen from outside, over NATS alone, on real processes. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { InspectionEvent } from '../../protocol/inspection-api.ts';
import { statePath } from '../../protocol/state-path.ts';
import { systemClock } from '../../runtime/clock.ts';
import { InspectionListener, PROCESS_SILENT } from '../../runtime/inspection/listener.ts';
import { createLogger } from '../../runtime/log.ts';
import { connectTransport } from '../../runtime/nats.ts';
import { systemRandom } from '../../runtime/random.ts';
import { ask, pause, startCluster, type TestCluster } from './harness.ts';

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startCluster({ agents: 1 });
}, 120_000);
afterAll(() => cluster.stop());

it('shows every actor, a task through its whole life, and how another master rises', async () => {
  const connected = await connectTransport({
    ...{ url: cluster.natsUrl, role: 'client', name: 'test' },
    log: createLogger({ level: 'silent', fields: {} }),
  });
  const heard: InspectionEvent[] = [];
  const listener = new InspectionListener({
    ...{ transport: connected.transport, clock: systemClock, random: systemRandom, cluster: 'mz' },
    heard: (event) => heard.push(event),
    trouble: () => undefined,
  });
  /** What actors of a kind came to, in order: `ELECTED elected.recovering`. */
  const steps = (kind: string) =>
    heard.flatMap((event) =>
      event.type === '@xstate.snapshot' && event.sessionId.startsWith(`${kind}.`)
        ? [`${event.event.type} ${statePath(event.snapshot.value)}`]
        : [],
    );
  const saw = async (kind: string, step: RegExp) => {
    while (!steps(kind).some((each) => step.test(each))) await pause(20);
  };
  const kindsWithDefinition = () =>
    new Set(
      heard.flatMap((event) =>
        event.type === '@xstate.actor' && event.definition !== undefined
          ? [event.sessionId.split('.')[0]]
          : [],
      ),
    );

  listener.watch([{ detail: 'full' }]);
  while (kindsWithDefinition().size < 4) await pause(20);
  expect([...kindsWithDefinition()].sort()).toEqual([
    'agent',
    'coordinator',
    'framework',
    'master',
  ]);

  const client = await cluster.client();
  await ask(client, 'mz.task.submit', { name: 'seen', command: 'true' }, 10_000);
  await saw('task', / finished$/);
  await saw('attempt', /^ACKNOWLEDGED forgotten$/);
  await saw('launch', /^END_ACKNOWLEDGED /);
  expect(steps('task')).toEqual(
    expect.arrayContaining(['LAUNCHED active.staging', 'ATTEMPT_FINISHED finished']),
  );
  expect(steps('attempt').slice(0, 3)).toEqual([
    'CHECKPOINTED launching',
    'STARTED running',
    'EXITED ended',
  ]);

  const before = heard.length;
  cluster.signal(await cluster.leadingMaster(), 'SIGKILL');
  await saw('master', new RegExp(`^${PROCESS_SILENT} elected.leading.serving$`));
  await saw('master', /^ELECTED elected\.recovering$/);
  await saw('master', /^RECOVERED elected\.leading\.serving$/);
  // The new leader tells of the task that it has read from the tree.
  const toldAgain = () =>
    heard
      .slice(before)
      .some((event) => event.type === '@xstate.actor' && event.name.startsWith('seen'));
  while (!toldAgain()) await pause(20);
  listener.end();
  await connected.close();
}, 60_000);
