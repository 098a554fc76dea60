import { describe, expect, test } from 'vitest';
import { MesozooError } from '../protocol/errors.ts';
import type { ClusterState, Metrics } from '../protocol/task-api.ts';
import { FakeCluster, FakeTask, taskView } from './testing/fake-cluster.ts';

/** Lets what is under way go on. */
const soon = () => new Promise((resolve) => setTimeout(resolve, 5));
async function untilTrue(condition: () => boolean): Promise<void> {
  while (!condition()) await soon();
}

describe('usage', () => {
  test.each([
    [['pss'], 2, /unknown command 'pss'\n\(Did you mean ps\?\)/],
    [['ps', '--jsn'], 2, /unknown option '--jsn'\n\(Did you mean --json\?\)/],
    [['ps', '--state', 'runing'], 2, /no state "runing". Did you mean "running"\?/],
    [['zk', 'gett', '/'], 2, /unknown command 'gett'\n\(Did you mean get\?\)/],
    [['submit'], 2, /give a command, for example: mesozoo submit -- echo hi/],
    [['submit', '-f', 'x.json', 'echo'], 2, /give a command or --file, not both/],
    [['submit', '-f', '/none.json'], 2, /mesozoo: \/none\.json cannot be read/],
    [['submit', '--cpus', '-1', '--', 'true'], 2, /Expected a number that is not negative/],
    [['submit', '--mem', 'lots', '--', 'true'], 2, /Expected a size such as 512/],
    [['submit', '--timeout', 'soon', '--', 'true'], 2, /Expected a time such as 30/],
    [['submit', '-e', '1=2', '--', 'true'], 2, /Expected NAME=VALUE/],
    [['submit', '-e', 'UNSET', '--', 'true'], 2, /UNSET has no value here/],
    [['ps', '--cluster', 'a b'], 2, /--cluster: expected the first token .*given: "a b"/],
    [['ps', '--cluster', ''], 2, /--cluster: expected the first token/],
    [['logs'], 2, /missing required argument 'task'/],
    [['zk', 'acl', '/a', 'anyone'], 2, /"anyone" is no ACL entry/],
    [['zk', 'acl', '/a', 'world:anyone:x'], 2, /"x" is no permission/],
  ])('%j is told what was meant', async (args, exitCode, message) => {
    const cluster = new FakeCluster();
    const ran = await cluster.run(...args);
    expect(ran.stderr).toMatch(message);
    expect(ran.exitCode).toBe(exitCode);
    expect(cluster.asked).toEqual([]);
  });

  const zk = ['ls', 'get', 'stat', 'set', 'create', 'delete', 'watch', 'acl'];
  const commands = [
    'submit',
    'ps',
    'logs',
    'kill',
    'explain',
    'events',
    'status',
    'top',
    'zk',
    'context',
    'inspect',
  ];
  test.each([...commands, ...zk.map((name) => `zk ${name}`)])(
    '%s --help has examples',
    async (command) => {
      const ran = await new FakeCluster().run(...command.split(' '), '--help');
      expect(ran.exitCode).toBe(0);
      expect(ran.stdout).toMatch(/Examples?:\n +mesozoo /);
    },
  );

  test('--help tells the exit codes, and --version the version', async () => {
    expect((await new FakeCluster().run('--help')).stdout).toMatch(/Exit codes:\n +0 /);
    const ran = await new FakeCluster().run('--version');
    expect(ran).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) });
  });
});

describe('the connection', () => {
  test.each([
    [[], {}, 'nats://127.0.0.1:4222 mz'],
    [[], { MESOZOO_NATS: 'nats://a:1', MESOZOO_CLUSTER: 'other' }, 'nats://a:1 other'],
    [['--nats', 'nats://b:2'], { MESOZOO_NATS: 'nats://a:1' }, 'nats://b:2 mz'],
  ])(
    '%j with %j goes to %s, the option before or after the command',
    async (args, env, address) => {
      for (const words of [
        ['ps', ...args],
        [...args, 'ps'],
      ]) {
        const cluster = new FakeCluster();
        cluster.env = env as Record<string, string>;
        cluster.answers['task.list'] = () => ({ tasks: [], more: false });
        await cluster.run(...words);
        expect(cluster.addresses).toEqual([address]);
      }
    },
  );

  test('may be named anywhere before the arguments of zk', async () => {
    for (const words of ['--nats n zk ls /', 'zk --nats n ls /', 'zk ls --nats n /']) {
      const cluster = new FakeCluster();
      await cluster.run(...words.split(' '));
      expect(cluster.addresses).toEqual(['n mz']);
    }
  });

  test('that is not there ends with 3', async () => {
    const cluster = new FakeCluster();
    cluster.reachable = false;
    const ran = await cluster.run('ps');
    expect(ran).toMatchObject({ exitCode: 3, stdout: '' });
    expect(ran.stderr).toMatch(/^mesozoo: No cluster answers at nats:\/\/127\.0\.0\.1:4222/);
  });

  test('over which a request fails ends with 1 and the reason', async () => {
    const cluster = new FakeCluster();
    cluster.answers['znode.get'] = () => {
      throw new MesozooError('NO_NODE');
    };
    const ran = await cluster.run('zk', 'get', '/a');
    expect(ran).toEqual({
      exitCode: 1,
      stdout: '',
      stderr: 'mesozoo: /a: the znode does not exist\n',
    });
  });
});

describe('submit', () => {
  const submitted = (
    cluster: FakeCluster,
    task = taskView({ taskId: 't1', state: 'TASK_QUEUED' }),
  ) => {
    cluster.answers['task.submit'] = () => ({ taskId: task.taskId, state: task.state });
    return new FakeTask(cluster, task);
  };

  test('follows the task, prints what it writes, and ends as it ended', async () => {
    const cluster = new FakeCluster();
    const task = submitted(cluster);
    const running = cluster.run('submit', '--', 'echo', 'hi');
    await untilTrue(() => cluster.asked.length > 1);
    task.step('TASK_RUNNING');
    await untilTrue(() => cluster.asked.some(({ subject }) => subject === 'task.output'));
    task.write('stdout', 'one\n');
    task.write('stderr', 'oops\n');
    task.write('stdout', 'lost\n', false);
    task.write('stdout', 'three\n');
    task.step('TASK_FINISHED', { exitCode: 0 });
    expect(await running).toEqual({ exitCode: 0, stdout: 'one\nlost\nthree\n', stderr: 'oops\n' });
  });

  test.each([
    ['TASK_FINISHED', { exitCode: 0 }, 0, ''],
    ['TASK_FAILED', { exitCode: 42 }, 42, 'mesozoo: t1 t1 TASK_FAILED: exit code 42\n'],
    ['TASK_FAILED', { signal: 'SIGKILL' }, 137, 'mesozoo: t1 t1 TASK_FAILED: SIGKILL\n'],
    ['TASK_KILLED', { signal: 'SIGTERM' }, 143, 'mesozoo: t1 t1 TASK_KILLED: SIGTERM\n'],
    ['TASK_KILLED', { exitCode: 0 }, 1, 'mesozoo: t1 t1 TASK_KILLED: exit code 0\n'],
    ['TASK_FAILED', { message: 'no such user' }, 1, 'mesozoo: t1 t1 TASK_FAILED: no such user\n'],
    [
      'TASK_FAILED',
      { reason: 'REASON_DEPENDENCY_FAILED' },
      1,
      'mesozoo: t1 t1 TASK_FAILED: REASON_DEPENDENCY_FAILED\n',
    ],
  ] as const)('%s %j ends with %i', async (state, more, exitCode, stderr) => {
    const cluster = new FakeCluster();
    submitted(cluster).step(state, more);
    expect(await cluster.run('submit', '--', 'x')).toEqual({ exitCode, stdout: '', stderr });
  });

  test('turns its options into a request', async () => {
    const cluster = new FakeCluster();
    submitted(cluster);
    cluster.env = { HOME: '/home/me' };
    cluster.answers['task.get'] = ({ taskId }) =>
      taskView({ taskId: String(taskId), state: 'TASK_RUNNING' });
    const options =
      '-d -n build -c 2 -m 1.5g --disk 100 --gpus 1 --ports 2 -e A=1 -e HOME --depends-on a,b -q ci --priority 5 --retry 3 --timeout 5m -u me -k key1';
    const ran = await cluster.run('submit', ...options.split(' '), './build.sh', '--all', '-e');
    expect(ran).toEqual({ exitCode: 0, stdout: 't1\n', stderr: '' });
    expect(cluster.asked.at(-1)?.request).toEqual({
      name: 'build',
      argv: ['./build.sh', '--all', '-e'],
      resources: { cpus: 2, mem: 1536, disk: 100, gpus: 1, ports: 2 },
      env: { A: '1', HOME: '/home/me' },
      dependsOn: ['a', 'b'],
      queue: 'ci',
      priority: 5,
      retry: { attempts: 3 },
      timeoutSeconds: 300,
      user: 'me',
      idempotencyKey: 'key1',
    });
  });

  test.each([
    [['echo hi | wc -l'], { name: 'echo', command: 'echo hi | wc -l' }],
    [['/usr/bin/my prog', 'x'], { name: 'my', argv: ['/usr/bin/my prog', 'x'] }],
    [['./run.sh', 'x'], { name: 'run.sh', argv: ['./run.sh', 'x'] }],
    [['(cd /; ls)'], { name: 'cd', command: '(cd /; ls)' }],
    [['$(x)'], { name: 'x-', command: '$(x)' }],
    [['"'], { name: 'task', command: '"' }],
  ])('%j becomes %j', async (words, request) => {
    const cluster = new FakeCluster();
    submitted(cluster);
    await cluster.run('submit', '-d', '--', ...words);
    expect(cluster.asked[0]?.request).toMatchObject(request);
  });

  test('kills the task at Ctrl-C and waits for its end', async () => {
    const cluster = new FakeCluster();
    const task = submitted(cluster);
    task.step('TASK_RUNNING');
    cluster.answers['task.kill'] = () => {
      setTimeout(() => task.step('TASK_KILLED', { signal: 'SIGTERM' }), 5);
      return { taskId: 't1', state: 'TASK_KILLING' };
    };
    const running = cluster.run('submit', '--', 'sleep', '100');
    await untilTrue(() => cluster.asked.length > 2);
    cluster.interrupt();
    expect(await running).toMatchObject({ exitCode: 143 });
  });

  test('leaves the task at the second Ctrl-C', async () => {
    const cluster = new FakeCluster();
    submitted(cluster).step('TASK_RUNNING');
    cluster.answers['task.kill'] = () => ({ taskId: 't1', state: 'TASK_KILLING' });
    const running = cluster.run('submit', '--', 'sleep', '100');
    await untilTrue(() => cluster.asked.length > 2);
    cluster.interrupt();
    cluster.interrupt();
    const ran = await running;
    expect(ran.exitCode).toBe(130);
    expect(ran.stderr).toMatch(/t1 goes on/);
  });
});

describe('submit | head', () => {
  test('says that the task goes on when nobody reads any more', async () => {
    const cluster = new FakeCluster();
    cluster.answers['task.submit'] = () => ({ taskId: 't1', state: 'TASK_QUEUED' });
    const task = new FakeTask(cluster, taskView({ taskId: 't1', state: 'TASK_RUNNING' }));
    const running = cluster.run('submit', '--', 'yes');
    await untilTrue(() => cluster.readersGone.size > 0);
    for (const handler of cluster.readersGone) handler();
    task.step('TASK_FINISHED');
    expect((await running).stderr).toMatch(/t1 goes on; mesozoo kill t1/);
    expect(cluster.readersGone.size).toBe(0);
  });
});

describe('ps', () => {
  const tasks = [
    taskView({ taskId: 'b', name: 'later', state: 'TASK_QUEUED', submittedAtMs: 2_000 }),
    taskView({
      taskId: 'a',
      name: 'first',
      state: 'TASK_FAILED',
      exitCode: 3,
      attempts: 2,
      attempt: {
        attemptId: 'a.2',
        agentId: 'agent-1',
        hostname: 'vm',
        resources: { cpus: 0.1, mem: 32, disk: 0, gpus: 0, ports: [] },
        stagedAtMs: 1_000,
        startedAtMs: 1_500,
        endedAtMs: 2_700,
      },
    }),
  ];

  test('is a table, the oldest first', async () => {
    const cluster = new FakeCluster();
    cluster.answers['task.list'] = () => ({ tasks, more: false });
    const { stdout } = await cluster.run('ps', '--all');
    const rows = stdout.split('\n').map((line) => line.replace(/\d+d \d+h/, 'AGE').split(/ {2,}/));
    expect(rows).toEqual([
      ['TASK', 'NAME', 'STATE', 'CPUS', 'MEM', 'AGENT', 'TRIES', 'AGE', 'TOOK', 'ENDED WITH'],
      ['a', 'first', 'TASK_FAILED', '0.1', '32 MiB', 'agent-1', '2', 'AGE', '1.2s', 'exit code 3'],
      ['b', 'later', 'TASK_QUEUED', '0.1', '32 MiB', '-', '0', 'AGE', '-', '-'],
      [''],
    ]);
  });

  test('reads all pages, and asks for what is wanted', async () => {
    const cluster = new FakeCluster();
    cluster.answers['task.list'] = ({ after }) =>
      after === undefined ? { tasks: [tasks[0]], more: true } : { tasks: [tasks[1]], more: false };
    const ran = await cluster.run('ps', '--json', '-s', 'queued,TASK_FAILED', '--name', 'x');
    expect(JSON.parse(ran.stdout).map(({ taskId }: { taskId: string }) => taskId)).toEqual([
      'a',
      'b',
    ]);
    expect(cluster.asked.map(({ request }) => request)).toEqual([
      { states: ['TASK_QUEUED', 'TASK_FAILED'], name: 'x' },
      { states: ['TASK_QUEUED', 'TASK_FAILED'], name: 'x', after: 'b' },
    ]);
  });

  test('says where to look when there is nothing', async () => {
    const cluster = new FakeCluster();
    cluster.answers['task.list'] = () => ({ tasks: [], more: false });
    expect(await cluster.run('ps')).toMatchObject({
      exitCode: 0,
      stdout: '',
      stderr: expect.stringContaining('mesozoo ps --all'),
    });
    expect(JSON.parse((await cluster.run('ps', '--json')).stdout)).toEqual([]);
  });
});

describe('a task is meant', () => {
  const tasks = [
    taskView({ taskId: 'key-11', name: 'report', state: 'TASK_FINISHED', submittedAtMs: 1 }),
    taskView({ taskId: 'key-12', name: 'report', state: 'TASK_RUNNING', submittedAtMs: 2 }),
    taskView({ taskId: 'key-21', name: 'fetch', state: 'TASK_RUNNING', submittedAtMs: 3 }),
  ];
  test.each([
    ['key-11', 'key-11'],
    ['report', 'key-12'],
    ['key-2', 'key-21'],
    ['key-1', /"key-1" begins the ids of 2 tasks: key-11, key-12/],
    ['reprot', /There is no task "reprot"\. Did you mean "report"\?/],
  ])('by %s: %s', async (word, meant) => {
    const cluster = new FakeCluster();
    cluster.answers['task.get'] = ({ taskId }) => {
      const found = tasks.find((task) => task.taskId === taskId);
      if (found === undefined) throw new MesozooError('NO_TASK');
      return found;
    };
    cluster.answers['task.list'] = () => ({ tasks, more: false });
    cluster.answers['task.explain'] = ({ taskId }) => ({
      taskId,
      state: 'TASK_RUNNING',
      why: 'so',
    });
    const ran = await cluster.run('explain', word);
    if (typeof meant === 'string') expect(ran.stdout).toContain(meant);
    else expect(ran).toMatchObject({ exitCode: 1, stderr: expect.stringMatching(meant) });
  });
});

describe('status', () => {
  const resources = { cpus: 4, mem: 8192, disk: 0, gpus: 0, ports: [] };
  const state = {
    cluster: 'mz',
    leader: { masterId: 'm1', epoch: 7, since: Date.now() - 65_000 },
    agents: [
      {
        agentId: 'agent-1',
        hostname: 'vm',
        state: 'active',
        total: resources,
        available: { ...resources, cpus: 3.5 },
        used: { cpus: 0.25, mem: 100 },
        attributes: {},
        attempts: 1,
        registeredAtMs: 0,
      },
    ],
    frameworks: [],
    tasks: { TASK_RUNNING: 1, TASK_FINISHED: 5 } as ClusterState['tasks'],
    coords: [{ id: 1, role: 'leading', ballot: 257, decidedUpTo: 9, zxid: 12 }],
  } satisfies ClusterState;
  const metrics: Metrics = {
    resourceAllocationRatio: { cpus: 0.125, mem: 0, disk: null },
    resourceUtilization: { cpus: 0.0625, mem: 0.012 },
    taskSchedulingDelay: { ratio: 1.5, secondsMean: 0.05, secondsP50: 0.04, secondsP99: 2 },
    taskSuccessRate: 0.8,
    counters: {},
    queues: {},
  };

  test('shows masters, coords, agents, tasks and metrics', async () => {
    const cluster = new FakeCluster();
    cluster.answers['cluster.state'] = () => state;
    cluster.answers['metrics.get'] = () => metrics;
    cluster.answers['znode.children'] = () => ({ children: ['json.info_0000000003', 'log_1'] });
    cluster.answers['znode.get'] = () => ({
      data: Buffer.from(JSON.stringify({ id: 'm1', hostname: 'vm', port: 5050, version: '0.1.0' })),
    });
    const { stdout, exitCode } = await cluster.run('status');
    expect(exitCode).toBe(0);
    for (const line of [
      /^Cluster mz: m1 leads for 1m \d+s \(epoch 7\)$/m,
      /^m1 +leading +vm:5050 +0\.1\.0$/m,
      /^1 +leading +257 +9 +12$/m,
      /^agent-1 +vm +active +3\.5 of 4 +8 GiB of 8 GiB +0\.25 cpus, 100 MiB +1$/m,
      /^Tasks: 1 TASK_RUNNING, 5 TASK_FINISHED$/m,
      /^RAR .*cpus 12\.5 %, mem 0 %, disk -$/m,
      /^RU .*cpus 6\.3 %, mem 1\.2 %$/m,
      /^TSD .*ratio 1\.5; to the start 0\.1s on average, 0\.0s median, 2\.0s p99$/m,
      /^TSR .*80 %$/m,
    ])
      expect(stdout).toMatch(line);
  });

  test('shows the masters that there are when none leads, and ends with 1', async () => {
    const cluster = new FakeCluster();
    cluster.answers['znode.children'] = () => ({ children: ['json.info_0000000003'] });
    cluster.answers['znode.get'] = () => ({
      data: Buffer.from(JSON.stringify({ id: 'm1', hostname: 'vm', port: 5050, version: '0.1.0' })),
    });
    const ran = await cluster.run('status');
    expect(ran.exitCode).toBe(1);
    expect(ran.stdout).toMatch(/^m1 +leading/m);
    expect(ran.stderr).toMatch(/no master leads/);
  });
});

test('status of a cluster of which nothing answers says so', async () => {
  const ran = await new FakeCluster().run('status');
  expect(ran).toEqual({
    exitCode: 1,
    stdout: '',
    stderr: 'mesozoo: neither masters nor coords of the cluster "mz" answer\n',
  });
});

test('a request to nobody names the command that tells what answers', async () => {
  const ran = await new FakeCluster().run('ps');
  expect(ran).toMatchObject({ exitCode: 1, stderr: expect.stringMatching(/\(mesozoo status/) });
});

describe('zk', () => {
  test.each([
    [['ls'], 'znode.children', { path: '/' }],
    [['ls', '/a'], 'znode.children', { path: '/a' }],
    [['create', '/a', 'x'], 'znode.create', { path: '/a', sequential: false }],
    [['create', '-s', '/a/'], 'znode.create', { path: '/a/', sequential: true }],
    [['set', '/a', 'x', '-v', '3'], 'znode.set', { path: '/a', version: 3 }],
    [['set', '/a', 'x'], 'znode.set', { path: '/a', version: -1 }],
    [['delete', '/a', '--version', '0'], 'znode.delete', { path: '/a', version: 0 }],
    [
      ['acl', '/a', 'world:anyone:r', 'auth:me:secret:cdrwa', '--auth', 'me:secret'],
      'znode.acl.set',
      {
        acl: [
          { scheme: 'world', id: 'anyone', permissions: 1 },
          { scheme: 'digest', id: 'me:016djjlksVQS5RgX3M7biBGyYwY=', permissions: 31 },
        ],
        auth: [{ scheme: 'digest', auth: 'me:secret' }],
      },
    ],
  ])('%j asks %s', async (args, subject, request) => {
    const cluster = new FakeCluster();
    cluster.answers[subject] = () => ({ path: '/a', children: [], more: false });
    const ran = await cluster.run('zk', ...args);
    expect(ran.stderr).toBe('');
    expect(cluster.asked).toEqual([{ subject, request: expect.objectContaining(request) }]);
  });

  test('reads data from stdin', async () => {
    const cluster = new FakeCluster();
    cluster.stdin = 'from stdin';
    cluster.answers['znode.set'] = () => ({});
    await cluster.run('zk', 'set', '/a', '-');
    expect(String(cluster.asked[0]?.request.data)).toBe('from stdin');
  });

  test.each([
    [['get', '/a'], 'hello'],
    [['get', '/a', '--json'], '{\n  "path": "/a",\n  "data": "hello",\n  "stat": {}\n}\n'],
  ])('%j prints the data', async (args, printed) => {
    const cluster = new FakeCluster();
    cluster.answers['znode.get'] = () => ({ data: Buffer.from('hello'), stat: {} });
    expect((await cluster.run('zk', ...args)).stdout).toBe(printed);
  });

  test('creates the parents that are missing, also while somebody else does', async () => {
    const cluster = new FakeCluster();
    cluster.answers['znode.exists'] = ({ path }) => ({ exists: path === '/a' });
    cluster.answers['znode.create'] = ({ path }) => {
      if (path === '/a/b') throw new MesozooError('NODE_EXISTS');
      return { path };
    };
    const ran = await cluster.run('zk', 'create', '-p', '/a/b/c/d', 'x');
    expect(ran).toMatchObject({ exitCode: 0, stdout: '/a/b/c/d\n' });
    const created = cluster.asked.filter(({ subject }) => subject === 'znode.create');
    expect(created.map(({ request }) => request.path)).toEqual(['/a/b', '/a/b/c', '/a/b/c/d']);
  });

  test('deletes children first', async () => {
    const cluster = new FakeCluster();
    const names: Record<string, string[]> = { '/a': ['b', 'c'], '/a/b': ['d'] };
    cluster.answers['znode.children'] = ({ path }) => ({
      children: names[String(path)] ?? [],
      more: false,
    });
    cluster.answers['znode.delete'] = () => ({});
    await cluster.run('zk', 'delete', '-r', '/a');
    const deleted = cluster.asked.filter(({ subject }) => subject === 'znode.delete');
    expect(deleted.map(({ request }) => request.path)).toEqual(['/a/b/d', '/a/b', '/a/c', '/a']);
  });

  test('shows an ACL as it would be written', async () => {
    const cluster = new FakeCluster();
    cluster.answers['znode.acl.get'] = () => ({
      acl: [
        { scheme: 'world', id: 'anyone', permissions: 31 },
        { scheme: 'digest', id: 'me:x', permissions: 3 },
      ],
    });
    expect((await cluster.run('zk', 'acl', '/a')).stdout).toBe(
      'world:anyone:cdrwa\ndigest:me:x:rw\n',
    );
  });
});

describe('events', () => {
  test('tells each change until Ctrl-C', async () => {
    const cluster = new FakeCluster();
    const running = cluster.run('events');
    await soon();
    cluster.publish('task.events.t1', {
      taskId: 't1',
      name: 'x',
      state: 'TASK_RUNNING',
      atMs: 0,
      agentId: 'agent-1',
    });
    cluster.publish('task.events.t1', {
      taskId: 't1',
      name: 'x',
      state: 'TASK_FAILED',
      atMs: 1500,
      exitCode: 3,
    });
    cluster.interrupt();
    expect(await running).toEqual({
      exitCode: 130,
      stdout:
        '00:00:00.000  x  t1  TASK_RUNNING  on agent-1\n00:00:01.500  x  t1  TASK_FAILED  exit code 3\n',
      stderr: '',
    });
  });

  test('of one task end with it', async () => {
    const cluster = new FakeCluster();
    const task = new FakeTask(cluster, taskView({ taskId: 't1', state: 'TASK_RUNNING' }));
    const running = cluster.run('events', 't1', '--json');
    await untilTrue(() => cluster.asked.length > 0);
    await soon();
    task.step('TASK_FINISHED', { exitCode: 0 });
    const ran = await running;
    expect(ran.exitCode).toBe(0);
    expect(JSON.parse(ran.stdout)).toMatchObject({ taskId: 't1', state: 'TASK_FINISHED' });
  });
});

describe('logs and kill', () => {
  test('logs prints what there is; -f goes on to the end', async () => {
    const cluster = new FakeCluster();
    const task = new FakeTask(cluster, taskView({ taskId: 't1', state: 'TASK_RUNNING' }));
    task.step('TASK_RUNNING');
    task.write('stdout', 'so far\n', false);
    task.write('stderr', 'err\n', false);
    expect(await cluster.run('logs', 't1')).toMatchObject({ exitCode: 0, stdout: 'so far\n' });
    expect((await cluster.run('logs', 't1', '--stderr')).stdout).toBe('err\n');
    const following = cluster.run('logs', '-f', 't1', '--both');
    await soon();
    task.write('stdout', 'more\n');
    task.step('TASK_FINISHED');
    expect(await following).toEqual({ exitCode: 0, stdout: 'so far\nmore\n', stderr: 'err\n' });
  });

  test('logs --json cuts no character into two', async () => {
    const cluster = new FakeCluster();
    const task = new FakeTask(cluster, taskView({ taskId: 't1', state: 'TASK_RUNNING' }));
    task.step('TASK_RUNNING');
    const all = Buffer.from('größe');
    cluster.answers['task.output'] = ({ offset }) => {
      const from = Number(offset);
      return { data: all.subarray(from, from + 3), offset, size: all.length };
    };
    const { stdout } = await cluster.run('logs', '--json', 't1');
    const pieces = stdout.trimEnd().split('\n');
    expect(pieces.map((piece) => JSON.parse(piece).data).join('')).toBe('größe');
  });

  test('kill tells what became of each', async () => {
    const cluster = new FakeCluster();
    cluster.answers['task.get'] = ({ taskId }) =>
      taskView({ taskId: String(taskId), name: 'x', state: 'TASK_RUNNING' });
    cluster.answers['task.kill'] = ({ taskId }) => ({ taskId, state: 'TASK_KILLING' });
    const ran = await cluster.run('kill', 'a', 'b', '--grace', '10s');
    expect(ran.stdout).toBe('x a TASK_KILLING\nx b TASK_KILLING\n');
    expect(cluster.asked.filter(({ subject }) => subject === 'task.kill')[1]?.request).toEqual({
      taskId: 'b',
      graceSeconds: 10,
    });
  });
});

describe('zk get', () => {
  test.each([
    ['to a terminal, ends the line', true, 'blue', 'blue\n'],
    ['to a terminal, ends no line twice', true, 'blue\n', 'blue\n'],
    ['to a terminal, makes no line of nothing', true, '', ''],
    ['to a file, writes the data alone', false, 'blue', 'blue'],
  ])('%s', async (_, terminal, data, stdout) => {
    const cluster = new FakeCluster();
    cluster.terminal = terminal;
    cluster.answers['znode.get'] = () => ({ data: Buffer.from(data), stat: {}, zxid: 1 });
    const ran = await cluster.run('zk', 'get', '/a');
    expect(ran).toMatchObject({ exitCode: 0, stdout });
  });
});
