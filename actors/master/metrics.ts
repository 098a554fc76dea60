/** RAR and RU, from what the agents have: `allocated ÷ total` and `used ÷ total`. */
import type { AgentView, Metrics } from '../../protocol/task-api.ts';

export function resourceMetrics(
  agents: readonly AgentView[],
): Pick<Metrics, 'resourceAllocationRatio' | 'resourceUtilization'> {
  const sum = (of: (agent: AgentView) => number) =>
    agents.reduce((total, agent) => total + of(agent), 0);
  const allocation = (name: 'cpus' | 'mem' | 'disk') =>
    ratio(
      sum((agent) => agent.total[name] - agent.available[name]),
      sum((agent) => agent.total[name]),
    );
  const utilization = (name: 'cpus' | 'mem') =>
    ratio(
      sum((agent) => agent.used[name]),
      sum((agent) => agent.total[name]),
    );
  return {
    resourceAllocationRatio: {
      cpus: allocation('cpus'),
      mem: allocation('mem'),
      disk: allocation('disk'),
    },
    resourceUtilization: { cpus: utilization('cpus'), mem: utilization('mem') },
  };
}

/** Null where there is nothing to divide by; six decimals. */
function ratio(part: number, whole: number): number | null {
  return whole === 0 ? null : Math.round((part / whole) * 1e6) / 1e6;
}
