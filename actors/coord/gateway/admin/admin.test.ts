import { describe, expect, it } from 'vitest';
import { leadingReport, recordedReport } from '../testing/report.ts';
import { adminCommand, adminCommandNames, adminReset } from './commands.ts';
import { answerHttp, type HttpPages, jsonText } from './http.ts';
import { prometheusText } from './prometheus.ts';

const none = new Map<string, string>();
const bodyOf = (name: string, report = recordedReport, query = none) =>
  adminCommand(name, report, query);

describe('the admin commands', () => {
  it.each(adminCommandNames)('%s names itself, has no error, and is JSON', (name) => {
    const body = adminCommand(name, leadingReport, new Map([['traceMask', '1']]));
    expect(body).toMatchObject({ command: name, error: null });
    expect(JSON.parse(jsonText(body))).toMatchObject({ command: name, error: null });
  });

  it.each([
    ['configuration', 'conf config'],
    ['connections', 'cons'],
    ['environment', 'env envi'],
    ['is_read_only', 'isro'],
    ['monitor', 'mntr'],
    ['server_stats', 'srvr'],
    ['stats', 'stat'],
    ['watch_summary', 'wchs'],
  ])('%s has the aliases %s', (name, aliases) => {
    for (const alias of aliases.split(' ')) expect(bodyOf(alias)).toEqual(bodyOf(name));
  });

  it('have the fields of ZooKeeper', () => {
    expect(bodyOf('conf')).toMatchObject({
      client_port: 12981,
      secure_client_port: -1,
      tick_time: 2000,
      max_client_cnxns: 60,
      min_session_timeout: 4000,
    });
    expect(bodyOf('dump')).toMatchObject({
      expiry_time_to_session_ids: { 1795590300000: [72058833930092544n] },
      session_id_to_ephemeral_paths: { '72058833930092544': ['/e'] },
    });
    expect(bodyOf('wchp')).toMatchObject({ path_to_session_ids: { '/e': [72058833930092544n] } });
    expect(bodyOf('leader', leadingReport)).toMatchObject({ is_leader: true, leader_id: 2 });
    expect(bodyOf('voting_view')).toMatchObject({ current_config: {} });
    expect(bodyOf('voting_view', leadingReport)).toMatchObject({
      current_config: {
        3: {
          server_addresses: ['127.0.0.1:2888'],
          election_addresses: ['127.0.0.1:3888'],
          client_address: '127.0.0.1:2183',
          learner_type: 'participant',
        },
      },
    });
    expect(bodyOf('zabstate')).toMatchObject({ voting: false, zabstate: '' });
    expect(bodyOf('zabstate', { ...leadingReport, zxid: 0x100000002n })).toMatchObject({
      ...{ myid: 2, is_leader: true, client_address: '127.0.0.1:2182', voting: true },
      quorum_address: { one: '127.0.0.1:2888', all_ports: [2888] },
      ...{ last_zxid: '0x100000002', zab_epoch: 1, zab_counter: 2, zabstate: 'broadcast' },
    });
    const lastSnapshot = { zxid: 31, savedAtMs: 1_795_621_577_900 };
    expect(bodyOf('lsnp', { ...recordedReport, lastSnapshot })).toMatchObject({
      ...{ zxid: '1f', timestamp: 1_795_621_577 },
    });
    expect(bodyOf('monitor')).toMatchObject({ znode_count: 7, server_state: 'standalone' });
    expect(bodyOf('monitor')).toMatchObject({ cnt_readlatency: 8, p50_readlatency: 1.5 });
    expect(bodyOf('srvr', leadingReport)).toHaveProperty('proposal_stats');
    expect(bodyOf('srvr')).not.toHaveProperty('proposal_stats');
  });

  it('that do not exist, or need a quorum, say so', () => {
    expect(bodyOf('nonsense')).toEqual({
      command: 'nonsense',
      error: 'Unknown command: nonsense',
    });
    expect(bodyOf('leader')).toEqual({ command: 'leader', error: 'server is not initialized' });
    const without = { ...recordedReport, isServing: false };
    expect(bodyOf('srvr', without)).toEqual({
      command: 'srvr',
      error: 'This ZooKeeper instance is not currently serving requests',
    });
    expect(bodyOf('envi', without)).toMatchObject({ command: 'environment', error: null });
  });

  it.each([
    ['300', { error: null, tracemask: 300n }],
    ['-0', { error: null, tracemask: 0n }],
    ['x', { error: 'setTraceMask requires long traceMask argument, got x' }],
    [
      '9223372036854775808',
      { error: 'setTraceMask requires long traceMask argument, got 9223372036854775808' },
    ],
    [undefined, { error: 'setTraceMask requires long traceMask argument' }],
  ])('set_trace_mask takes a long number: %s', (text, outcome) => {
    const query = new Map(text === undefined ? [] : [['traceMask', text]]);
    expect(bodyOf('stmk', recordedReport, query)).toEqual({
      command: 'set_trace_mask',
      ...outcome,
    });
  });

  it('tell what is to be counted anew', () => {
    expect(adminReset('crst')).toBe('connections');
    expect(adminReset('stat_reset')).toBe('statistics');
    expect(adminReset('ruok')).toBeUndefined();
  });
});

describe('over HTTP', () => {
  const ask = (path: string, method = 'GET', more: Partial<HttpPages> = {}, query = none) =>
    answerHttp(
      { method, path, query },
      {
        ...{ commandUrl: '/commands', metricsUrl: '/metrics', report: () => recordedReport },
        reset: () => expect.unreachable('nothing is to be counted anew'),
        setTraceMask: () => expect.unreachable('no mask is set'),
        ...more,
      },
    );

  it('the commands are listed, with a link to each', () => {
    for (const path of ['/commands', '/commands/']) {
      const { status, contentType, body } = ask(path);
      expect([status, contentType]).toEqual([200, 'text/html;charset=utf-8']);
      expect(body).toContain('<a href="/commands/ruok">ruok</a>\n<br/>\n');
      expect(body.match(/<a /g)).toHaveLength(adminCommandNames.length);
    }
  });

  it('a command is JSON whose long numbers are whole', () => {
    const { status, contentType, body } = ask('/commands/cons');
    expect([status, contentType]).toEqual([200, 'application/json']);
    expect(body).toContain('"session_id": 72058833930092544,');
  });

  it('an error is in the body, as ZooKeeper has it', () => {
    expect(ask('/commands/nonsense')).toMatchObject({ status: 200 });
    expect(ask('/commands/nonsense').body).toContain('"error": "Unknown command: nonsense"');
  });

  it('other paths and methods are refused', () => {
    expect(ask('/').status).toBe(404);
    expect(ask('/commandsx').status).toBe(404);
    expect(ask('/commands/ruok', 'POST').status).toBe(405);
    expect(ask('/commands/ruok', 'GET', { commandUrl: undefined }).status).toBe(404);
    expect(ask('/metrics', 'GET', { commandUrl: undefined }).status).toBe(200);
  });

  it('a trace mask is kept, unless it is only looked whether it could be', () => {
    const masks: bigint[] = [];
    const keep = { setTraceMask: (mask: bigint) => masks.push(mask) };
    ask('/commands/stmk', 'HEAD', keep, new Map([['traceMask', '1']]));
    ask('/commands/stmk', 'GET', keep, new Map([['traceMask', 'all']]));
    expect(masks).toEqual([]);
    const { body } = ask('/commands/stmk', 'GET', keep, new Map([['traceMask', '2']]));
    expect(body).toContain('"tracemask": 2');
    expect(masks).toEqual([2n]);
  });

  it.each(['snapshot', 'snap', 'restore', 'rest'])('%s is not served, and says why', (name) => {
    for (const method of ['GET', 'POST']) {
      const { status, body } = ask(`/commands/${name}`, method);
      expect([status, JSON.parse(body)]).toEqual([
        503,
        {
          command: name.startsWith('snap') ? 'snapshot' : 'restore',
          error: expect.stringMatching(/^(snapshot|restore) is not served: /) as string,
        },
      ]);
    }
    expect(ask('/commands').body).not.toContain(`/commands/${name}"`);
  });

  it('a reset is carried out once it is answered, and never for a HEAD', () => {
    const done: string[] = [];
    const reset = { reset: (what: string) => done.push(what) };
    ask('/commands/crst', 'HEAD', reset);
    ask('/commands/crst', 'GET', {
      ...reset,
      report: () => ({ ...recordedReport, isServing: false }),
    });
    expect(done).toEqual([]);
    ask('/commands/srst', 'GET', reset);
    expect(done).toEqual(['statistics']);
  });
});

it('Prometheus is told each number once, with its type', () => {
  const text = prometheusText(leadingReport);
  expect(text).toContain(
    '# HELP znode_count znode_count\n# TYPE znode_count gauge\nznode_count 7\n',
  );
  expect(text).toContain('# TYPE packets_received counter\npackets_received 7\n');
  expect(text).toContain(
    '# TYPE process_cpu_seconds_total counter\nprocess_cpu_seconds_total 3.5\n',
  );
  expect(text).toContain(
    '# TYPE readlatency summary\nreadlatency{quantile="0.5"} 1.5\nreadlatency{quantile="0.999"} 6\n' +
      'readlatency_count 8\nreadlatency_sum 12\n',
  );
  expect(text).not.toContain('server_state');
  const names = [...text.matchAll(/^(\w+(?:{.*})?) \S+$/gm)].map(([, name]) => name);
  expect(new Set(names).size).toBe(names.length);
  expect(
    text
      .split('\n')
      .every((line) => /^(# (HELP|TYPE) \w+ \w+|\w+({quantile="[\d.]+"})? -?[\d.]+|)$/.test(line)),
  ).toBe(true);
});
