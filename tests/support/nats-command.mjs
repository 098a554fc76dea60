/**
 * What the examples of the guides need of the `nats` command line, which is not on every machine: `req`, `pub` and `sub`
 * with the flags of its documentation. Any other flag is refused, so that an example cannot rely on what is not there.
 */
import { rmSync } from 'node:fs';
import { connect } from 'nats';

const flags = { req: ['--raw'], pub: [], sub: ['--raw'] };

const [command, ...words] = process.argv.slice(2);
const known = flags[command];
if (known === undefined) fail(`no command ${command}`);
const rest = words.filter((word) => !word.startsWith('--'));
for (const word of words)
  if (word.startsWith('--') && !known.includes(word)) fail(`${command} has no flag ${word}`);
const [subject, body = ''] = rest;
if (rest.length === 0 || rest.length > (command === 'sub' ? 1 : 2))
  fail(`wrong arguments: ${rest}`);
const write = (bytes) => process.stdout.write(`${Buffer.from(bytes).toString()}\n`);

const nats = await connect({ servers: process.env.NATS_URL });
if (command === 'req') write((await nats.request(subject, body, { timeout: 5000 })).data);
else if (command === 'pub') nats.publish(subject, body);
else {
  const messages = nats.subscribe(subject);
  await nats.flush();
  // Whoever waits until it listens is told.
  if (process.env.LISTENS_WHEN_GONE) rmSync(process.env.LISTENS_WHEN_GONE, { force: true });
  for await (const message of messages) write(message.data);
}
await nats.drain();

function fail(why) {
  process.stderr.write(`nats: ${why}\n`);
  process.exit(2);
}
