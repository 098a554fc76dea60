import { describe, expect, it } from 'vitest';
import { leadingReport, recordedReport } from '../testing/report.ts';
import { answerWord } from './answer.ts';
import { javaDate } from './java-date.ts';
import { fourLetterWords } from './names.ts';
import type { ServerReport } from './report.ts';

const answer = (word: (typeof fourLetterWords)[number], report = recordedReport) =>
  answerWord(word, fourLetterWords, report);

const statistics = `Latency min/avg/max: 1/3.8/8
Received: 7
Sent: 6
Connections: 2
Outstanding: 0
Zxid: 0x3
Mode: standalone
Node count: 7
`;

/** What Debian's ZooKeeper 3.8.0 sent, its build's version, paths and the order of two sets apart. */
const recorded: Readonly<Partial<Record<(typeof fourLetterWords)[number], string>>> = {
  ruok: 'imok',
  srvr: `Zookeeper version: 3.8.0-recorded, built on 2024-12-29 17:54 UTC\n${statistics}`,
  stat: `Zookeeper version: 3.8.0-recorded, built on 2024-12-29 17:54 UTC
Clients:
 /127.0.0.1:33078[1](queued=0,recved=5,sent=5)
 /127.0.0.1:43134[0](queued=0,recved=1,sent=0)

${statistics}`,
  envi: `Environment:
zookeeper.version=3.8.0-recorded, built on 2024-12-29 17:54 UTC
host.name=localhost
os.name=Linux
`,
  conf: `clientPort=12981
secureClientPort=-1
dataDir=/data/version-2
dataDirSize=67109337
dataLogDir=/data/version-2
dataLogSize=67109337
tickTime=2000
maxClientCnxns=60
minSessionTimeout=4000
maxSessionTimeout=40000
clientPortListenBacklog=-1
serverId=0
`,
  cons: ` /127.0.0.1:33078[1](queued=0,recved=5,sent=5,sid=0x1000120af550000,lop=GETC,est=1795590269589,to=30000,lcxid=0x4,lzxid=0x3,lresp=18978933,llat=1,minlat=0,avglat=3,maxlat=8)
 /127.0.0.1:43134[0](queued=0,recved=1,sent=0)

`,
  dirs: 'datadir_size: 67109337\nlogdir_size: 67109337\n',
  dump: `SessionTracker dump:
Session Sets (1)/(1):
1 expire at Wed Nov 25 07:05:00 UTC 2026:
\t0x1000120af550000
ephemeral nodes dump:
Sessions with Ephemerals (1):
0x1000120af550000:
\t/e
Connections dump:
Connections Sets (1)/(1):
1 expire at Wed Nov 25 07:05:00 UTC 2026:
\tip: /127.0.0.1:33078 sessionId: 0x1000120af550000
`,
  wchs: '1 connections watching 1 paths\nTotal watches:1\n',
  wchc: '0x1000120af550000\n\t/e\n\n',
  wchp: '/e\n\t0x1000120af550000\n\n',
  isro: 'rw',
  gtmk: '306',
  crst: 'Connection stats reset.\n',
  srst: 'Server stats reset.\n',
};

describe('the four-letter words answer as ZooKeeper does', () => {
  it.each(Object.entries(recorded))('%s', (word, text) => {
    expect(answer(word as 'ruok')).toBe(text);
  });

  it('mntr, with the lines that monitoring reads', () => {
    const lines = answer('mntr').split('\n');
    for (const line of ['avg_readlatency\t1.5', 'max_readlatency\t6', 'cnt_readlatency\t8'])
      expect(lines).toContain(`zk_${line}`);
    for (const line of ['sum_readlatency\t12', 'p50_readlatency\t1.5', 'p999_readlatency\t6'])
      expect(lines).toContain(`zk_${line}`);
    expect(lines.pop()).toBe('');
    for (const line of [
      'zk_version\t3.8.0-recorded, built on 2024-12-29 17:54 UTC',
      'zk_server_state\tstandalone',
      'zk_ephemerals_count\t1',
      'zk_num_alive_connections\t2',
      'zk_avg_latency\t3.8',
      'zk_znode_count\t7',
      'zk_watch_count\t1',
      'zk_approximate_data_size\t50',
      'zk_uptime\t64488',
      'zk_commit_count\t4',
    ])
      expect(lines).toContain(line);
    expect(lines.every((line) => /^zk_\w+\t.+$/.test(line))).toBe(true);
  });

  it('a leader tells of its proposals and of those who follow', () => {
    expect(answer('srvr', leadingReport)).toContain(
      'Mode: leader\nNode count: 7\nProposal sizes last/min/max: -1/-1/-1\n',
    );
    expect(answer('mntr', leadingReport)).toMatch(
      /\nzk_quorum_size\t3\n[\s\S]*\nzk_learners\t3\nzk_synced_followers\t1\n[\s\S]*\nzk_synced_observers\t1\n/,
    );
    expect(answer('mntr', { ...leadingReport, mode: 'follower' })).not.toContain(
      'synced_followers',
    );
    expect(answer('conf', leadingReport)).toContain('\nserver.1=127.0.0.1:2181:participant\n');
  });

  it('hash lists digests as signed numbers', () => {
    expect(answer('hash', { ...recordedReport, digests: [{ zxid: 128n, digest: -7n }] })).toBe(
      '0x80: -7\n',
    );
  });

  it('what is not in the whitelist is refused by name', () => {
    expect(answerWord('stat', ['srvr'], recordedReport)).toBe(
      'stat is not executed because it is not in the whitelist.',
    );
  });

  it.each(fourLetterWords)('%s without a quorum', (word) => {
    const text = answer(word, { ...recordedReport, isServing: false });
    if (word === 'isro') expect(text).toBe('null');
    else if (['ruok', 'envi', 'gtmk', 'stmk'].includes(word)) expect(text).toBe(answer(word));
    else expect(text).toBe('This ZooKeeper instance is not currently serving requests\n');
  });

  it('a member in read-only mode says so', () => {
    const report: ServerReport = { ...recordedReport, mode: 'read-only' };
    expect(answer('isro', report)).toBe('ro');
    for (const word of ['srvr', 'stat'] as const)
      expect(answer(word, report).split('\n')[1]).toBe(
        'READ-ONLY mode; serving only read-only clients',
      );
  });
});

it('dates are those of the calendar', () => {
  for (let day = -800; day < 60_000; day += 37) {
    const epochMs = day * 86_400_000 + 45_296_000;
    const [weekday, date, month, year, clock] = new Date(epochMs)
      .toUTCString()
      .replace(',', '')
      .split(' ');
    expect(javaDate(epochMs)).toBe(`${weekday} ${month} ${date} ${clock} UTC ${year}`);
  }
});
