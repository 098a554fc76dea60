import { stripVTControlCharacters } from 'node:util';
import { describe, expect, test } from 'vitest';
import { frame } from './frame.ts';
import { agents, frameworks, metrics, model, sample, state, tasks } from './testing/samples.ts';
import { firstView, type View } from './view.ts';

const paper = { columns: 100, rows: Number.POSITIVE_INFINITY };
const text = (lines: readonly string[]) => lines.join('\n');

test('one look, on paper', () => {
  expect(text(frame(model(), paper, false))).toMatchInlineSnapshot(`
    "mz: master-1-7f281730 leads for 1m 1s (epoch 31)                                        03:04:05 UTC
    Quorum  coord-2 leads, coord-1 following, coord-3 following, 12 slots/s
    Masters master-1-7f281730 leads
    Tasks   2 QUEUED  3 RUNNING  |  1 FAILED
    Rates   submitted 1.3/s, ended 0.5/s; wait p50 0.1s, p99 2.0s; success 50 %

    CPUs    █·············································  3 of 192 allocated, 1.5 used
    Memory  █·············································  3 GiB of 768 GiB allocated, 1.5 GiB used

    AGENT           STATE        CPUS                          MEMORY                              RUNS
    agent-0-3e92f…  active       ··················      0/64  ··················        0M/256G      3
    agent-1-3e92f…  active       █·················      1/64  █·················        1G/256G      2
    agent-2-3e92f…  active       █·················      2/64  █·················        2G/256G      1

    QUEUE      WAITING   RUNNING      CPUS      MEMORY   SUCCESS    WAIT
    default          0         0         0      64 MiB         -       -

    TASK                 NAME      QUEUE    STATE              AGE   CPUS  AGENT
    report-0-50cf2c2f40  report-0  default  QUEUED            0.0s    0.1
    report-1-50cf2c2f40  report-1  default  RUNNING           1.0s    0.1
    report-2-50cf2c2f40  report-2  default  QUEUED            2.0s    0.1"
  `);
});

describe('a frame fits its screen, and fills it', () => {
  const many = (count: number) =>
    model({
      state: { ...state(count, { TASK_RUNNING: count }), frameworks: frameworks(count) },
      metrics: metrics(Array.from({ length: count }, (_, index) => `team-${index}/nightly`)),
      tasks: tasks(count),
    });
  const models = {
    nothing: model({ state: state(0), metrics: metrics([]), tasks: [] }),
    little: model(),
    much: many(200),
    'nobody leads': model({ state: undefined, metrics: undefined }, { known: sample() }),
    'nobody was ever seen': model({ state: undefined, metrics: undefined, masters: [] }),
    help: model({}, { view: { ...firstView, help: true } }),
  };
  const sizes = [20, 79, 80, 119, 120, 140, 250].flatMap((columns) =>
    [1, 2, 5, 10, 24, 30, 45, 100].map((rows) => ({ columns, rows })),
  );
  test.each(Object.entries(models))('%s', (_, each) => {
    for (const size of sizes)
      for (const coloured of [false, true]) {
        const lines = frame(each, size, coloured);
        expect(lines).toHaveLength(size.rows);
        for (const line of lines)
          expect(stripVTControlCharacters(line).length).toBeLessThanOrEqual(size.columns);
        if (!coloured) expect(text(lines)).not.toContain('\u001b');
      }
  });

  test('what is left out is counted', () => {
    const lines = frame(many(200), { columns: 80, rows: 24 }, false);
    const more = lines.flatMap((line) => /^… (\d+) more$/.exec(line)?.[1] ?? []);
    expect(more).toHaveLength(4);
    const shown = lines.filter((line) => line.startsWith('agent-')).length;
    expect(shown + Number(more[0])).toBe(200);
    // Each section is seen.
    for (const title of [/^CPUs /, /^AGENT /, /^FRAMEWORK /, /^QUEUE /, /^TASK /])
      expect(lines.some((line) => title.test(line))).toBe(true);
  });
});

test('frameworks are shown where there are others than the bundled one', () => {
  const shown = (count: number) =>
    frame(model({ state: { ...state(1), frameworks: frameworks(count) } }), paper, false);
  expect(text(shown(1))).not.toMatch(/FRAMEWORK/);
  expect(text(shown(2))).toMatch(/^services-1 +services +subscribed\.suppressed +1 +0 +0\.5$/m);
});

describe('when nobody leads', () => {
  const silent = { state: undefined, metrics: undefined, tasks: undefined };
  const first = (given: Parameters<typeof model>[0]) => frame(model(given), paper, false)[0];
  test.each([
    [silent, /^mz: nobody leads, 1 master is registered, for 3\.0s /],
    [{ ...silent, masters: [] }, /^mz: the coords answer, and no master is registered, for 3\.0s /],
    [
      { ...silent, masters: [], coordsAnswer: false },
      /^mz: nobody leads, and no coord answers, for 3\.0s /,
    ],
    [
      { ...silent, masters: [], isConnected: false },
      /^mz: no connection to NATS, still trying, for 3\.0s /,
    ],
  ])('%j: it is said', (given, line) => {
    expect(first(given)).toMatch(line);
  });

  test('what was known before is still shown, and how old it is', () => {
    const known = { ...sample(), atMs: 95_000 };
    const lines = frame(model(silent, { known, rates: undefined }), paper, false);
    expect(lines[1]).toBe('Below: what was known 5.0s ago.');
    expect(text(lines)).toMatch(/^Masters master-1-7f281730 stands by$/m);
    expect(text(lines)).toMatch(/submitted -, ended -/);
    expect(text(lines)).toMatch(/^agent-0/m);
  });
});

describe('the order', () => {
  const ids = (view: Partial<View>, title: string, given: Parameters<typeof model>[0] = {}) => {
    const lines = frame(model(given, { view: { ...firstView, ...view } }), paper, false);
    const from = lines.findIndex((line) => line.startsWith(title)) + 1;
    const rows = lines.slice(from);
    return rows
      .slice(0, rows.includes('') ? rows.indexOf('') : undefined)
      .map((row) => row.slice(0, 7));
  };
  test.each([
    ['id', ['agent-0', 'agent-1', 'agent-2']],
    ['cpus', ['agent-2', 'agent-1', 'agent-0']],
    ['mem', ['agent-2', 'agent-1', 'agent-0']],
    ['tasks', ['agent-0', 'agent-1', 'agent-2']],
  ] as const)('of agents by %s', (agentOrder, expected) => {
    const shuffled = { ...state(3), agents: agents(3).reverse() };
    expect(ids({ agentOrder }, 'AGENT', { state: shuffled })).toEqual(expected);
  });
  test.each([
    ['waiting', ['b', 'c', 'a']],
    ['running', ['c', 'b', 'a']],
    ['cpus', ['c', 'b', 'a']],
    ['name', ['a', 'b', 'c']],
  ] as const)('of queues by %s', (queueOrder, expected) => {
    const queues = metrics(['a', 'b', 'c']).queues;
    const given = {
      metrics: { ...metrics([]), queues: { ...queues, b: { ...queues.b!, waiting: 9 } } },
    };
    expect(ids({ queueOrder }, 'QUEUE', given).map((name) => name.trim())).toEqual(expected);
  });
});
