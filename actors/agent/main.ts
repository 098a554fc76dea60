/** The process of one agent: `node actors/agent/main.ts --data DIR`. Its options: runtime/config.ts. */
import { join } from 'node:path';
import { systemClock } from '../../runtime/clock.ts';
import { lockDirectory } from '../../runtime/directory-lock.ts';
import { openFiles } from '../../runtime/files.ts';
import { machineResources } from '../../runtime/machine-resources.ts';
import { makePassable } from '../../runtime/passable.ts';
import { LinuxProcesses } from '../../runtime/processes/processes.ts';
import { systemRandom } from '../../runtime/random.ts';
import { connectRole } from '../../runtime/role-connection.ts';
import { runProcess } from '../../runtime/run.ts';
import { version } from '../../runtime/version.ts';
import { AgentActor, type AgentPorts } from './agent.ts';

await runProcess({
  kind: 'agent',
  name: (config) => config.name ?? config.hostname,
  async prepare(config, log) {
    makePassable(config.data);
    const unlock = await lockDirectory(config.data);
    const storage = openFiles(join(config.data, 'state'));
    const processes = new LinuxProcesses(join(config.data, 'sandboxes'), log);
    const connected = await connectRole('agent', config.name ?? config.hostname, config, log);
    let actor: AgentActor | undefined;
    return {
      ports: {
        clock: systemClock,
        random: systemRandom,
        log,
        transport: connected.transport,
        storage,
        processes,
      },
      create(ports: AgentPorts) {
        actor = new AgentActor(ports, {
          cluster: config.cluster,
          hostname: config.hostname,
          ...(config.name !== undefined && { name: config.name }),
          total: machineResources(config.data, config, config.agentsOnMachine),
          attributes: config.attributes,
          version,
          digest: `system:${config.systemSecret}`,
        });
        return actor;
      },
      isReady: () => connected.transport.isConnected() && actor?.state() === 'registered',
      async close() {
        await Promise.all([connected.drain(), storage.close()]);
        unlock();
      },
    };
  },
});
