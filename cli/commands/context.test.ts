import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FakeCluster } from '../testing/fake-cluster.ts';

let home: string;
let cluster: FakeCluster;
const path = () => join(home, '.config', 'mesozoo', 'config.json');
const kept = () => JSON.parse(readFileSync(path(), 'utf8')) as unknown;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'mesozoo-context-'));
  cluster = new FakeCluster();
  cluster.env = { HOME: home };
  cluster.answers['task.list'] = () => ({ tasks: [], more: false });
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const run = (line: string) => cluster.run(...line.split(' '));

describe('contexts', () => {
  test('are kept for their owner alone, used, shown without secrets, and forgotten', async () => {
    cluster.stdin = 'secret\n';
    const added = await run(
      'context add prod --nats a:1,b:2 --cluster big --user me --password-stdin',
    );
    expect(added).toMatchObject({
      exitCode: 0,
      stderr: expect.stringContaining('context use prod'),
    });
    expect(kept()).toEqual({
      contexts: { prod: { nats: ['a:1', 'b:2'], cluster: 'big', user: 'me', password: 'secret' } },
    });
    expect(statSync(path()).mode & 0o777).toBe(0o600);
    expect(statSync(join(home, '.config', 'mesozoo')).mode & 0o077).toBe(0);

    await run('context use prod');
    expect((await run('context ls')).stdout).toBe(
      '   CONTEXT  NATS     CLUSTER  CREDENTIALS\n*  prod     a:1,b:2  big      user me, password ***\n',
    );
    expect(JSON.parse((await run('context show --json')).stdout)).toEqual({
      nats: 'a:1,b:2',
      cluster: 'big',
      credentials: 'user me, password ***',
      tls: null,
      from: `context prod of ${path()}`,
    });
    await run('ps');
    await run('ps --nats c:3');
    expect(cluster.addresses).toEqual(['a:1,b:2 big', 'c:3 mz']);

    await run('context rm prod');
    expect(kept()).toEqual({ contexts: {} });
  });

  test('a token, a credentials file and TLS files are kept too, files as whole paths', async () => {
    cluster.stdin = 't0k3n';
    await run('context add a --nats a --token-stdin --use');
    await run('context add b --nats tls://b --creds x.creds --tls-ca ca.pem');
    expect(kept()).toEqual({
      current: 'a',
      contexts: {
        a: { nats: 'a', token: 't0k3n' },
        b: {
          nats: 'tls://b',
          creds: join(process.cwd(), 'x.creds'),
          tls: { ca: join(process.cwd(), 'ca.pem') },
        },
      },
    });
    expect((await run('context show')).stdout).toMatch(/credentials +token \*\*\*\n/);
  });

  test.each([
    ['context add a', /give its address, for example --nats/],
    ['context add a --nats http://b', /--nats: "http:\/\/b" is no address/],
    ['context add a! --nats b', /"a!" is no name: letters, digits/],
    ['context add a --nats b --user me', /--user and --password-stdin belong together/],
    ['context add a --nats b --token-stdin', /nothing came in on stdin/],
    ['context add a --nats b --cluster a.b', /"contexts\.a\.cluster": expected the first token/],
    ['context add a --nats b --tls-cert c', /"contexts\.a": tls: cert and key belong together/],
    ['context add there --nats b', /a context "there" already: --replace/],
    ['context use none', /no context "none"\. There are there\./],
    ['context rm thre', /no context "thre"\. Did you mean "there"\?/],
  ])('%s is told what was meant, and nothing is changed', async (line, message) => {
    await run('context add there --nats a');
    const before = kept();
    const ran = await run(line);
    expect(ran.stderr).toMatch(message);
    expect(ran.exitCode).toBe(2);
    expect(kept()).toEqual(before);
  });

  test('the warning about rights comes with the command, which is carried out', async () => {
    await run('context add a --nats nats://me:secret@a --use');
    chmodSync(path(), 0o644);
    const ran = await run('ps');
    expect(ran.exitCode).toBe(0);
    expect(ran.stderr).toContain(`mesozoo: others may read ${path()}`);
    expect(cluster.addresses).toEqual(['nats://a mz']);
  });

  test('an empty file says how one is added', async () => {
    expect((await run('context ls')).stderr).toMatch(/mesozoo context add NAME --nats URL/);
    expect(JSON.parse((await run('context ls --json')).stdout)).toEqual([]);
  });
});
