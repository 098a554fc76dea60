/** ZooKeeper's own shell, unchanged, against an ensemble of ours (or the server that MESOZOO_ZOOKEEPER names). */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { foreignClientsMissing } from './foreign-clients.ts';
import { startOurs, type TriedServer } from './ours.ts';
import { Shell } from './shell.ts';

const LIMIT_MS = 180_000;

describe.skipIf(foreignClientsMissing !== undefined)("ZooKeeper's shell", () => {
  let server: TriedServer;
  let shell: Shell;
  beforeAll(async () => {
    server = await startOurs();
    shell = new Shell(server.connectString);
    expect(await shell.ask('create /shell')).toContain('Created /shell');
  }, LIMIT_MS);
  afterAll(async () => {
    await shell?.stop();
    await server?.stop();
  });

  /** Each command with its whole answer. */
  async function converse(...turns: readonly (readonly [string, ...string[]])[]): Promise<void> {
    for (const [command, ...answer] of turns)
      expect([command, ...(await shell.ask(command))]).toEqual([command, ...answer]);
  }

  it('says its version', async () => {
    expect(await shell.ask('version')).toEqual([
      expect.stringMatching(/^ZooKeeper CLI version: 3\./),
    ]);
  });

  it(
    'creates, reads, writes and deletes',
    async () => {
      await converse(
        ['create /shell/tree first', 'Created /shell/tree'],
        ['create /shell/tree again', 'Node already exists: /shell/tree'],
        ['create /shell/none/child', 'Node does not exist: /shell/none/child'],
        ['create -s /shell/tree/s- x', 'Created /shell/tree/s-0000000000'],
        ['create -e /shell/tree/e x', 'Created /shell/tree/e'],
        ['create -s -e /shell/tree/se- x', 'Created /shell/tree/se-0000000002'],
        ['create -c /shell/tree/c', 'Created /shell/tree/c'],
        ['create -t 3600000 /shell/tree/t data', 'Created /shell/tree/t'],
        ['create /shell/tree/e/child', 'Ephemerals cannot have children: /shell/tree/e/child'],
        ['get /shell/tree', 'first'],
        ['set -v 0 /shell/tree second'],
        ['set -v 0 /shell/tree third', 'version No is not valid : /shell/tree'],
        ['get /shell/tree', 'second'],
        ['ls /shell/tree', '[c, e, s-0000000000, se-0000000002, t]'],
        [
          'ls -R /shell/tree',
          ...['/shell/tree', '/shell/tree/c', '/shell/tree/e', '/shell/tree/s-0000000000'],
          ...['/shell/tree/se-0000000002', '/shell/tree/t'],
        ],
        ['getAllChildrenNumber /shell/tree', '5'],
        ['getEphemerals /shell/tree/s', '[/shell/tree/se-0000000002]'],
        ['delete /shell/tree', 'Node not empty: /shell/tree'],
        ['delete -v 7 /shell/tree/c', 'version No is not valid : /shell/tree/c'],
        ['delete -v 0 /shell/tree/c'],
        ['sync /shell', 'Sync is OK'],
        ['deleteall /shell/tree'],
        ['stat /shell/tree', 'Node does not exist: /shell/tree'],
      );
    },
    LIMIT_MS,
  );

  it(
    'shows what is known of a znode',
    async () => {
      await converse(['create -e /shell/stat 12345', 'Created /shell/stat'], ['set /shell/stat 1']);
      const stat = await shell.ask('stat /shell/stat');
      expect(stat).toEqual([
        ...['cZxid', 'ctime', 'mZxid', 'mtime', 'pZxid'].map((name) =>
          expect.stringMatching(new RegExp(`^${name} = .`)),
        ),
        ...['cversion = 0', 'dataVersion = 1', 'aclVersion = 0'],
        expect.stringMatching(/^ephemeralOwner = 0x[1-9a-f]/),
        ...['dataLength = 1', 'numChildren = 0'],
      ]);
      expect(await shell.ask('get -s /shell/stat')).toEqual(['1', ...stat]);
      expect(await shell.ask('ls -s /shell/stat')).toEqual(['[]', ...stat]);
      expect(await shell.ask('set -s -v 1 /shell/stat 22')).toContain('dataVersion = 2');
    },
    LIMIT_MS,
  );

  it(
    'watches',
    async () => {
      await converse(
        ['create /shell/watched first', 'Created /shell/watched'],
        ['get -w /shell/watched', 'first'],
        ['set /shell/watched second'],
      );
      await shell.untilTold('NodeDataChanged', '/shell/watched');
      await converse(['ls -w /shell/watched', '[]']);
      await shell.ask('create /shell/watched/child');
      await shell.untilTold('NodeChildrenChanged', '/shell/watched');
      await shell.ask('stat -w /shell/watched/child');
      await shell.ask('delete /shell/watched/child');
      await shell.untilTold('NodeDeleted', '/shell/watched/child');
      await converse(['addWatch /shell/watched']);
      await shell.ask('create /shell/watched/other');
      await shell.untilTold('NodeCreated', '/shell/watched/other');
      await shell.ask('set /shell/watched/other x');
      await shell.untilTold('NodeDataChanged', '/shell/watched/other');
      await converse(['removewatches /shell/watched']);
      await shell.untilTold('PersistentWatchRemoved', '/shell/watched');
      await converse(
        ['addWatch -m PERSISTENT /shell/watched'],
        ['removewatches -d /shell/none', 'KeeperErrorCode = No such watcher for /shell/none'],
        ['set /shell/watched/other y'],
        ['set /shell/watched third'],
      );
      await shell.untilTold('NodeDataChanged', '/shell/watched');
    },
    LIMIT_MS,
  );

  it(
    'counts what quotas are set for',
    async () => {
      const limits = 'absolute path is /zookeeper/quota/shell/quota/zookeeper_limits';
      const none = 'byteHardLimit=-1;countHardLimit=-1';
      await converse(
        ['create /shell/quota data', 'Created /shell/quota'],
        ['listquota /shell/quota', limits, 'quota for /shell/quota does not exist.'],
        ['setquota -n 3 /shell/quota'],
        ['setquota -b 100 /shell/quota'],
        ['create /shell/quota/child more', 'Created /shell/quota/child'],
        [
          'listquota /shell/quota',
          limits,
          `Output quota for /shell/quota count=3,bytes=100=;${none}`,
          'Output stat for /shell/quota count=2,bytes=8',
        ],
        ['setquota -n 4 /shell', '/shell has a child /shell/quota which has a quota'],
        ['delquota -n /shell/quota'],
        [
          'listquota /shell/quota',
          limits,
          `Output quota for /shell/quota count=-1,bytes=100=;${none}`,
          'Output stat for /shell/quota count=2,bytes=8',
        ],
        ['delquota /shell/quota'],
        ['listquota /shell/quota', limits, 'quota for /shell/quota does not exist.'],
        ['delquota /shell/quota', 'Quota does not exist for /shell/quota'],
      );
    },
    LIMIT_MS,
  );

  it(
    'lets in whom an ACL names',
    async () => {
      const alice = "'digest,'alice:aYXlLOpEooaV1cRAvUL1fp9Qt7E=";
      await converse(
        ['create /shell/acl', 'Created /shell/acl'],
        ['create /shell/acl/child', 'Created /shell/acl/child'],
        ['getAcl /shell/acl', "'world,'anyone", ': cdrwa'],
        ['whoami', 'Auth scheme: User', 'ip: 127.0.0.1'],
        ['setAcl /shell/acl auth::cdrwa', 'Acl is not valid : /shell/acl'],
        ['addauth digest alice:secret'],
        ['whoami', 'Auth scheme: User', 'digest: alice', 'ip: 127.0.0.1'],
        ['setAcl /shell/acl auth::cdrwa'],
        ['getAcl /shell/acl', alice, ': cdrwa'],
        ['setAcl -v 0 /shell/acl world:anyone:r', 'version No is not valid : /shell/acl'],
        ['setAcl -R /shell/acl world:anyone:ra'],
        ['getAcl /shell/acl/child', "'world,'anyone", ': ra'],
        ['set /shell/acl/child x', 'Insufficient permission : /shell/acl/child'],
        ['create /shell/acl/other x', 'Insufficient permission : /shell/acl/other'],
      );
    },
    LIMIT_MS,
  );

  it(
    'leaves in peace',
    async () => {
      expect(await shell.quit()).toBe(0);
    },
    LIMIT_MS,
  );
});
