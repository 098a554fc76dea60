/**
 * The smallest framework: runs one command on each of three offers, tells how they ended, and is gone.
 *
 *     npx mesozoo run examples/hello-framework.ts
 */
import { byAgent, isFinal, subscribe, taskInfo } from 'mesozoo/framework';

const framework = await subscribe({ info: { name: 'hello' } });
const waiting = ['one', 'two', 'three'];
let running = waiting.length;

await framework.run({
  async offers(offers) {
    for (const agent of byAgent(offers)) {
      const tasks = [];
      for (let id = waiting[0]; id !== undefined; id = waiting[0]) {
        const resources = agent.take({ cpus: 0.1, mem: 32 });
        if (resources === undefined) break;
        tasks.push(taskInfo({ id, on: agent, resources, command: `echo ${id}` }));
        waiting.shift();
      }
      // Accepting with no task at all would decline it too.
      await framework.launch(agent.offers, tasks);
    }
  },
  async update({ task_id, state, message }) {
    console.log(task_id.value, state, ...(message === undefined ? [] : [message]));
    if (!isFinal(state)) return;
    running -= 1;
    if (running === 0) await framework.teardown();
  },
});
