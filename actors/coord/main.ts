/** The process of one coord: `node actors/coord/main.ts --member 1 --data DIR`. Its options: runtime/config.ts. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '../../runtime/clock.ts';
import { lockDirectory } from '../../runtime/directory-lock.ts';
import { openFiles } from '../../runtime/files.ts';
import { openHttp } from '../../runtime/http.ts';
import { processFacts } from '../../runtime/process-facts.ts';
import { systemRandom } from '../../runtime/random.ts';
import { connectRole } from '../../runtime/role-connection.ts';
import { runProcess } from '../../runtime/run.ts';
import { openSasl } from '../../runtime/sasl.ts';
import { openTcp } from '../../runtime/tcp.ts';
import { openClientTls } from '../../runtime/tls/client-tls.ts';
import type { Gss, Http, Ports, Storage, Tcp, Transport } from '../actor.ts';
import { CoordActor } from './coord.ts';
import { withoutSecrets } from './gateway/properties.ts';
import { generousSettings, withPorts } from './gateway/settings.ts';
import { parseZooCfg } from './gateway/zoo-cfg.ts';

/** Whoever wants clients of other machines says so: `--zookeeper-host` or `clientPortAddress`. */
const LOOPBACK = '127.0.0.1';

await runProcess({
  kind: 'coord',
  name: (config) => `coord-${config.member}`,
  async prepare(config, log) {
    const unlock = await lockDirectory(config.data);
    const storage = openFiles(join(config.data, 'state'));
    const name = `coord-${config.member}`;
    // What a member publishes to all is not for itself: its own part of it happens within the process.
    const [main, bulk] = await Promise.all([
      connectRole('coord', name, config, log, { noEcho: true }),
      connectRole('coord', `${name}-bulk`, config, log.child({ connection: 'bulk' }), {
        noEcho: true,
      }),
    ]);
    const { bootstrapCluster, bootstrapMembers } = config;
    const zooCfg = config.zooCfg === undefined ? '' : readFileSync(config.zooCfg, 'utf8');
    const settings = withPorts(
      config.zooCfg === undefined ? generousSettings : parseZooCfg(zooCfg).settings,
      {
        admin: config.zookeeperAdminPort,
        metrics: config.zookeeperMetricsPort,
        secure: config.zookeeperSecurePort,
      },
    );
    const port = config.zookeeperPort ?? settings.clientPort;
    const tls = settings.secure && openClientTls(settings.secure, log);
    const sasl = settings.sasl && openSasl(settings.sasl);
    const tcp = openTcp({ tls, log });
    const http = openHttp();
    let actor: CoordActor | undefined;
    return {
      ports: {
        clock: systemClock,
        random: systemRandom,
        log,
        transport: main.transport,
        bulk: bulk.transport,
        storage,
        tcp,
        http,
        gss: sasl?.gss,
      },
      create(
        ports: Ports & {
          storage: Storage;
          bulk: Transport;
          tcp: Tcp;
          http: Http;
          gss: Gss | undefined;
        },
      ) {
        actor = new CoordActor(ports, {
          cluster: config.cluster,
          member: config.member,
          systemDigest: `system:${config.systemSecret}`,
          timing: { containerCheckIntervalMs: settings.containerCheckIntervalMs },
          ...(port !== undefined && {
            zookeeper: {
              host: config.zookeeperHost ?? settings.clientPortAddress ?? LOOPBACK,
              port,
              settings,
              process: processFacts(config.data, withoutSecrets(zooCfg)),
              saslUsers: sasl?.users,
            },
          }),
          ...(bootstrapCluster !== undefined &&
            bootstrapMembers !== undefined && {
              bootstrap: { clusterId: bootstrapCluster, members: bootstrapMembers },
            }),
        });
        return actor;
      },
      isReady: () => actor?.isReady() === true,
      async close() {
        tcp.close();
        tls?.close();
        http.close();
        await Promise.all([main.drain(), bulk.drain(), storage.close()]);
        unlock();
      },
    };
  },
});
