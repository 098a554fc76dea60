/** Clusters for development and tests: a small one whose leaders die and rise, and large ones. */
import { setup } from 'xstate';
import type { FakeCluster, FakeEvent } from './fake-cluster.ts';

const votes: FakeEvent = { type: 'RECOVERED', mayVote: true };

/** Three coords, two masters, three agents, a framework, and some tasks in different states. */
export function smallCluster(cluster: FakeCluster): void {
  cluster.start('coordinator.coord-1', votes, 'LEADER_LOST', 'PRE_VOTE_WON', 'ELECTED');
  cluster.start('coordinator.coord-2', votes);
  cluster.start('coordinator.coord-3', votes);
  cluster.start('master.master-1', 'SESSION_CONNECTED', 'ELECTED', 'RECOVERED');
  cluster.start('master.master-2', 'SESSION_CONNECTED');
  for (const agent of ['agent-1', 'agent-2', 'agent-3'])
    cluster.start(`agent.${agent}`, 'RECOVERED', 'LEADER_DETECTED', 'REGISTERED');
  cluster.start('framework.tasks', 'SUBSCRIBE_RECEIVED', 'SUBSCRIBED');
  cluster.start('task.hello-7c1f', 'DEPENDENCIES_FINISHED', 'LAUNCHED', 'ATTEMPT_RUNNING');
  cluster.start('task.resize-images-02ab', 'DEPENDENCIES_FINISHED');
  cluster.start(
    'task.nightly-report-9e44',
    ...['DEPENDENCIES_FINISHED', 'LAUNCHED', 'ATTEMPT_RUNNING', 'ATTEMPT_FINISHED'],
  );
  cluster.start(
    'task.import-3fd0',
    ...['DEPENDENCIES_FINISHED', 'LAUNCHED', 'ATTEMPT_RUNNING', 'AGENT_UNREACHABLE'],
  );
  cluster.start('attempt.hello-7c1f.1', 'CHECKPOINTED', 'STARTED');
}

/** The leading coord dies and comes back; another one is elected. Each call is one moment of it. */
export function* leaderDies(cluster: FakeCluster, dies: string, rises: string): Generator<void> {
  cluster.start(`coordinator.${dies}`);
  yield;
  cluster.send(`coordinator.${rises}`, 'LEADER_LOST');
  yield;
  cluster.send(`coordinator.${rises}`, 'PRE_VOTE_WON', 'coordinator.coord-3');
  yield;
  cluster.send(`coordinator.${rises}`, 'ELECTED', 'coordinator.coord-3');
  yield;
  cluster.send(`coordinator.${dies}`, votes);
  yield;
}

export function* masterDies(cluster: FakeCluster, dies: string, rises: string): Generator<void> {
  cluster.start(`master.${dies}`);
  yield;
  cluster.send(`master.${rises}`, 'ELECTED', 'coordinator.coord-1');
  yield;
  cluster.send(`master.${rises}`, 'RECOVERED');
  for (const agent of ['agent-1', 'agent-2', 'agent-3'])
    cluster.send(`agent.${agent}`, 'LEADER_DETECTED', `master.${rises}`);
  yield;
  for (const agent of ['agent-1', 'agent-2', 'agent-3'])
    cluster.send(`agent.${agent}`, 'REGISTERED', `master.${rises}`);
  cluster.send(`master.${dies}`, 'SESSION_CONNECTED');
  yield;
}

/** So many tasks, each somewhere on its way. */
export function manyTasks(cluster: FakeCluster, count: number): void {
  const ways = [
    ['DEPENDENCIES_FINISHED', 'LAUNCHED', 'ATTEMPT_RUNNING'],
    ['DEPENDENCIES_FINISHED'],
    [],
    ['DEPENDENCIES_FINISHED', 'LAUNCHED', 'ATTEMPT_RUNNING', 'ATTEMPT_FINISHED'],
    ['DEPENDENCIES_FINISHED', 'LAUNCHED', 'ATTEMPT_STARTING'],
    ['DEPENDENCIES_FINISHED', 'LAUNCHED', 'ATTEMPT_RUNNING', 'KILL_REQUESTED', 'ATTEMPT_KILLED'],
  ];
  for (let index = 0; index < count; index += 1)
    cluster.appear(`task.batch-${String(index).padStart(5, '0')}`, ...ways[index % ways.length]!);
}

/** Agents that find and lose their leader, over and over: one call is one event somewhere. */
export function* traffic(cluster: FakeCluster, agents: number): Generator<void> {
  for (let round = 0; ; round += 1)
    for (let index = 1; index <= agents; index += 1) {
      cluster.send(
        `agent.agent-${index}`,
        ['LEADER_DETECTED', 'REGISTERED', 'PINGS_MISSED', 'REGISTERED', 'LEADER_LOST'][round % 5]!,
        'master.master-1',
      );
      yield;
    }
}

export function manyAgents(cluster: FakeCluster, count: number): void {
  for (let index = 1; index <= count; index += 1)
    cluster.start(`agent.agent-${index}`, 'RECOVERED');
}

/** Nested and parallel states, history, eventless and delayed transitions: all that a chart can have. */
export const everythingMachine = setup({
  types: { context: {} as { tries: number }, events: {} as { type: string } },
  guards: { isFresh: () => true, mayRetry: () => false },
  actions: { open: () => undefined, shut: () => undefined, count: () => undefined },
  delays: { patience: 2000 },
}).createMachine({
  id: 'everything',
  context: { tries: 0 },
  initial: 'off',
  on: { BREAK: '.broken' },
  states: {
    off: { on: { SWITCH_ON: [{ guard: 'isFresh', target: 'on' }, { target: 'on.back' }] } },
    on: {
      type: 'parallel',
      entry: 'open',
      exit: 'shut',
      on: { SWITCH_OFF: 'off', COUNTED: { actions: 'count' } },
      states: {
        heater: {
          initial: 'cold',
          states: {
            cold: { on: { HEAT: 'warm' }, tags: 'COLD' },
            warm: { after: { patience: 'cold', 500: { guard: 'mayRetry', target: 'cold' } } },
          },
        },
        fan: {
          initial: 'slow',
          states: {
            slow: { on: { FASTER: 'fast', AGAIN: { target: 'slow', reenter: true } } },
            fast: { on: { SLOWER: 'slow' }, always: { guard: 'mayRetry', target: 'slow' } },
          },
        },
        back: { type: 'history', history: 'deep' },
      },
    },
    broken: { type: 'final' },
  },
});
