/** The process of one master: `node actors/master/main.ts --id master-1`. Its options: runtime/config.ts. */
import { systemClock } from '../../runtime/clock.ts';
import { systemRandom } from '../../runtime/random.ts';
import { connectRole } from '../../runtime/role-connection.ts';
import { runProcess } from '../../runtime/run.ts';
import { version } from '../../runtime/version.ts';
import { TasksFramework } from '../framework/tasks/tasks-framework.ts';
import { MasterActor } from './master.ts';

await runProcess({
  kind: 'master',
  name: (config) => config.id,
  async prepare(config, log) {
    const connected = await connectRole('master', config.id, config, log);
    let actor: MasterActor | undefined;
    return {
      ports: {
        clock: systemClock,
        random: systemRandom,
        log,
        transport: connected.transport,
      },
      create(ports) {
        actor = new MasterActor(ports, {
          cluster: config.cluster,
          masterId: config.id,
          hostname: config.hostname,
          ip: config.ip,
          port: config.port,
          version,
          digest: `system:${config.systemSecret}`,
          executor: config.executor,
          allocator: config.allocator,
          bundled: [(parts) => new TasksFramework(parts)],
        });
        return actor;
      },
      /** It leads, or is ready to when its turn comes. */
      isReady: () =>
        connected.transport.isConnected() &&
        /^(contending|elected\.(recovering|leading\.serving))$/.test(actor?.state() ?? ''),
      close: () => connected.drain(),
    };
  },
});
