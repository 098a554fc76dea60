import { describe, expect, test } from 'vitest';
import { MesozooError } from '../../protocol/errors.ts';
import { FakeCluster, FakeTerminal } from '../testing/fake-cluster.ts';
import { metrics, state, tasks } from '../top/testing/samples.ts';

const enter = '\u001b[?1049h\u001b[?25l';
const leave = '\u001b[?25h\u001b[?1049l';

async function untilTrue(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 2));
}

function clusterWithScreen() {
  const cluster = new FakeCluster();
  cluster.answers['cluster.state'] = () => state(3);
  cluster.answers['metrics.get'] = () => metrics(['default']);
  cluster.answers['task.list'] = ({ states }) => ({
    tasks: tasks(4).filter((task) => (states as string[]).includes(task.state)),
    more: false,
  });
  cluster.answers['znode.children'] = () => ({ children: ['json.info_1'] });
  cluster.answers['znode.get'] = () => ({
    data: JSON.stringify({ id: 'master-1-7f281730', hostname: 'vm', port: 5050, version: '0.1.0' }),
  });
  const screen = new FakeTerminal();
  cluster.screen = screen;
  const looks = () => cluster.asked.filter(({ subject }) => subject === 'cluster.state').length;
  return { cluster, screen, looks };
}

describe('top', () => {
  test('shows the cluster until q, and leaves the terminal as it was', async () => {
    const { cluster, screen, looks } = clusterWithScreen();
    const running = cluster.run('top', '--interval', '0.2');
    await untilTrue(() => looks() >= 3);
    expect(screen.shown()[0]).toMatch(/^mz: master-1-7f281730 leads for .* UTC$/);
    expect(screen.shown().filter((line) => line.startsWith('report-'))).toHaveLength(4);
    // Those that wait first.
    expect(screen.shown().findIndex((line) => /report-2.*QUEUED/.test(line))).toBeLessThan(
      screen.shown().findIndex((line) => /report-1.*RUNNING/.test(line)),
    );
    screen.press('q');
    const ran = await running;
    expect(ran.exitCode).toBe(0);
    expect(ran.stdout.startsWith(enter)).toBe(true);
    expect(ran.stdout.endsWith(leave)).toBe(true);
    expect(screen.isTaken).toBe(false);
  });

  test.each([
    ['Ctrl-C', (_: FakeCluster, screen: FakeTerminal) => screen.press('\u0003'), 0],
    ['a signal', (cluster: FakeCluster) => cluster.interrupt(), 130],
  ])('%s ends it as well', async (_, end, exitCode) => {
    const { cluster, screen, looks } = clusterWithScreen();
    const running = cluster.run('top');
    await untilTrue(() => looks() > 0);
    end(cluster, screen);
    const ran = await running;
    expect(ran.exitCode).toBe(exitCode);
    expect(ran.stdout.endsWith(leave)).toBe(true);
    expect(screen.isTaken).toBe(false);
  });

  test('a fault of ours leaves the terminal as it was too', async () => {
    const { cluster, screen } = clusterWithScreen();
    cluster.answers['cluster.state'] = () => {
      throw new TypeError('a bug');
    };
    const ran = await cluster.run('top');
    expect(ran).toMatchObject({ exitCode: 1, stderr: 'mesozoo: a bug\n' });
    expect(ran.stdout.endsWith(leave)).toBe(true);
    expect(screen.isTaken).toBe(false);
  });

  test('an end of the process in between leaves it as it was, once', async () => {
    const { cluster, screen, looks } = clusterWithScreen();
    const running = cluster.run('top');
    await untilTrue(() => looks() > 0);
    screen.exit();
    expect(screen.written.at(-1)).toBe(leave);
    screen.press('q');
    expect((await running).stdout.split(leave)).toHaveLength(2);
  });

  test('says that nobody leads, keeps what it knew, and goes on with the next leader', async () => {
    const { cluster, screen } = clusterWithScreen();
    const told = cluster.answers['cluster.state']!;
    const running = cluster.run('top', '-i', '0.2');
    await untilTrue(() => /leads for/.test(screen.shown()[0] ?? ''));
    cluster.answers['cluster.state'] = () => {
      throw new MesozooError('UNAVAILABLE');
    };
    await untilTrue(() => /nobody leads, 1 master is registered/.test(screen.shown()[0] ?? ''));
    expect(screen.shown()[1]).toMatch(/^Below: what was known \d\.\ds ago\.$/);
    expect(screen.shown().some((line) => line.startsWith('agent-0'))).toBe(true);
    cluster.answers['cluster.state'] = told;
    await untilTrue(() => /leads for/.test(screen.shown()[0] ?? ''));
    expect(screen.shown()[1]).toMatch(/^Quorum/);
    screen.press('q');
    await running;
  });

  test('fits another size at once, and only draws what has changed', async () => {
    const { cluster, screen, looks } = clusterWithScreen();
    const running = cluster.run('top', '-i', '0.2');
    await untilTrue(() => looks() >= 2);
    screen.resize(140, 45);
    expect(screen.shown()).toHaveLength(45);
    expect(screen.shown()[44]).toMatch(/^ q quit .{130,}$/);
    const before = looks();
    const pieces = screen.written.length;
    await untilTrue(() => looks() > before + 1);
    for (const piece of screen.written.slice(pieces))
      expect(piece.split('\u001b[2K').length).toBeLessThan(5);
    screen.press('q');
    await running;
  });

  test('keys choose: pause stops looking, t and s ask for other tasks', async () => {
    const { cluster, screen, looks } = clusterWithScreen();
    const running = cluster.run('top', '-i', '0.2');
    await untilTrue(() => looks() >= 1);
    const asked = () => cluster.asked.findLast(({ subject }) => subject === 'task.list')?.request;
    expect(asked()).toMatchObject({ order: 'oldest', limit: 24 });
    screen.press('t', 's');
    await untilTrue(() => asked()?.order === 'newest');
    await untilTrue(() => JSON.stringify(asked()?.states) === '["TASK_QUEUED","TASK_BLOCKED"]');
    screen.press(' ');
    await untilTrue(() => /paused/.test(screen.shown()[0] ?? ''));
    await new Promise((resolve) => setTimeout(resolve, 20));
    const paused = looks();
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(looks()).toBe(paused);
    screen.press(' ');
    await untilTrue(() => looks() > paused);
    screen.press('?');
    expect(screen.shown().join('\n')).toMatch(/stops looking; again goes on/);
    screen.press('x');
    expect(screen.shown().join('\n')).not.toMatch(/stops looking/);
    screen.press('q');
    await running;
  });
});

test('a key that is pressed while top looks has its effect right after, not at the next interval', async () => {
  const { cluster, screen, looks } = clusterWithScreen();
  const told = cluster.answers['cluster.state']!;
  let answer: () => void = () => undefined;
  cluster.answers['cluster.state'] = (request) =>
    new Promise((resolve) => {
      answer = () => resolve(told(request));
    });
  const running = cluster.run('top', '--interval', '3600');
  await untilTrue(() => looks() === 1);
  screen.press('s');
  cluster.answers['cluster.state'] = told;
  answer();
  await untilTrue(() => looks() === 2);
  expect(cluster.asked.findLast(({ subject }) => subject === 'task.list')?.request).toMatchObject({
    order: 'newest',
  });
  screen.press('q');
  await running;
});

describe('top for pipes', () => {
  test('prints one frame without escape sequences', async () => {
    const { cluster } = clusterWithScreen();
    cluster.screen = undefined;
    cluster.env = { COLUMNS: '80' };
    const ran = await cluster.run('top');
    expect(ran.exitCode).toBe(0);
    expect(ran.stdout).not.toContain('\u001b');
    expect(ran.stdout).toMatch(/^mz: master-1/);
    for (const line of ran.stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
    expect(ran.stdout.split('\n').filter((line) => line.startsWith('report-'))).toHaveLength(4);
  });

  test('--once does so on a terminal, in its size; NO_COLOR takes the colours away', async () => {
    const { cluster } = clusterWithScreen();
    cluster.terminal = true;
    expect((await cluster.run('top', '--once')).stdout).toContain('\u001b[1m');
    cluster.env = { NO_COLOR: '1' };
    expect((await cluster.run('top', '--once')).stdout).not.toContain('\u001b');
  });

  test('--json prints what was seen, and ends with 1 when nobody leads', async () => {
    const { cluster } = clusterWithScreen();
    const ran = await cluster.run('top', '--json');
    expect(JSON.parse(ran.stdout)).toMatchObject({
      state: { cluster: 'mz' },
      metrics: { queues: { default: {} } },
      masters: [{ id: 'master-1-7f281730' }],
      tasks: [{}, {}, {}, {}],
    });
    delete cluster.answers['cluster.state'];
    expect(await cluster.run('top', '--once')).toMatchObject({
      exitCode: 1,
      stdout: expect.stringMatching(/^mz: nobody leads, 1 master is registered/),
    });
  });

  test.each(['0', '0.1', '2h', 'soon'])('--interval %s is refused', async (value) => {
    const ran = await new FakeCluster().run('top', '--interval', value);
    expect(ran.exitCode).toBe(2);
    expect(ran.stderr).toMatch(/Expected/);
  });
});
