import { describe, expect, it } from 'vitest';
import { leadingReport, recordedReport } from '../testing/report.ts';
import { adminCommand, adminCommandNames, adminReset } from './commands.ts';
import { prometheusText } from './prometheus.ts';

const bodyOf = (name: string, report = recordedReport) => adminCommand(name, report).body;

describe('the admin commands', () => {
  it.each(adminCommandNames)('%s names itself, has no error, and is JSON', (name) => {
    const { status, body } = adminCommand(name, leadingReport);
    expect(status).toBe(200);
    expect(body).toMatchObject({ command: name, error: null });
    expect(JSON.parse(JSON.stringify(body))).toEqual(body);
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
      data_dir_size: 67109337,
      tick_time: 2000,
      max_client_cnxns: 60,
      min_session_timeout: 4000,
    });
    expect(bodyOf('dump')).toMatchObject({
      expiry_time_to_session_ids: { 1795590300000: ['0x1000120af550000'] },
      session_id_to_ephemeral_paths: { '0x1000120af550000': ['/e'] },
    });
    expect(bodyOf('wchp')).toMatchObject({ path_to_session_ids: { '/e': ['0x1000120af550000'] } });
    expect(bodyOf('leader', leadingReport)).toMatchObject({ is_leader: true, leader_id: 2 });
    expect(bodyOf('voting_view', leadingReport)).toMatchObject({
      current_config: { 3: '127.0.0.1:2183:participant' },
    });
    expect(bodyOf('monitor')).toMatchObject({ znode_count: 7, server_state: 'standalone' });
    expect(bodyOf('srvr', leadingReport)).toHaveProperty('proposal_stats');
    expect(bodyOf('srvr')).not.toHaveProperty('proposal_stats');
  });

  it('that do not exist, or need a quorum, say so', () => {
    expect(adminCommand('nonsense', recordedReport)).toEqual({
      status: 404,
      body: { command: 'nonsense', error: 'Unknown command: nonsense' },
    });
    const without = { ...recordedReport, isServing: false };
    expect(adminCommand('srvr', without)).toMatchObject({
      status: 503,
      body: { error: 'This ZooKeeper instance is not currently serving requests' },
    });
    expect(adminCommand('envi', without).status).toBe(200);
  });

  it('tell what is to be counted anew', () => {
    expect(adminReset('crst')).toBe('connections');
    expect(adminReset('stat_reset')).toBe('statistics');
    expect(adminReset('ruok')).toBeUndefined();
  });
});

it('Prometheus is told each number once, with its type', () => {
  const text = prometheusText(leadingReport);
  expect(text).toContain(
    '# HELP znode_count znode_count\n# TYPE znode_count gauge\nznode_count 7\n',
  );
  expect(text).toContain('# TYPE packets_received counter\npackets_received 7\n');
  expect(text).not.toContain('server_state');
  const names = [...text.matchAll(/^(\w+) \S+$/gm)].map(([, name]) => name);
  expect(new Set(names).size).toBe(names.length);
  expect(
    text.split('\n').every((line) => /^(# (HELP|TYPE) \w+ \w+|\w+ -?[\d.]+|)$/.test(line)),
  ).toBe(true);
});
