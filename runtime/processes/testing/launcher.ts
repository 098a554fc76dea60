/** Stands for an agent's process in tests: launches one command, says so, and waits to be killed. */
import { silentLog } from '../../../actors/testing/silent-log.ts';
import { LinuxProcesses } from '../processes.ts';

const [root, sandbox, dieAfterMs, ...argv] = process.argv.slice(2) as [string, string, string];
const processes = new LinuxProcesses(root, silentLog);
processes.launch({ sandbox, argv, env: { PATH: '/usr/bin:/bin' } }, (result) => {
  process.stdout.write(`${JSON.stringify(result)}\n`);
});
if (dieAfterMs !== 'never') {
  const end = performance.now() + Number(dieAfterMs);
  while (performance.now() < end);
  process.kill(process.pid, 'SIGKILL');
}
setInterval(() => undefined, 60_000);
