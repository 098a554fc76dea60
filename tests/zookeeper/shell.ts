/** ZooKeeper's own shell (zkCli.sh), typed to line by line. */
import { classPath } from './foreign-clients.ts';
import { Interactive } from './interactive.ts';

export class Shell {
  readonly #program: Interactive;
  /** Told by watches among the answers. */
  readonly #told: string[] = [];
  #asked = 0;

  constructor(servers: string) {
    this.#program = new Interactive('java', [
      ...['-Xmx128m', '-Duser.timezone=UTC', '-cp', classPath],
      ...['org.apache.zookeeper.ZooKeeperMain', '-server', servers],
    ]);
  }

  /** The lines that answer a command, without what watches tell meanwhile. */
  async ask(command: string): Promise<string[]> {
    this.#asked += 1;
    // There is no prompt without a terminal: a question whose answer is known marks the end.
    const end = `/the-end-of-answer-${this.#asked}`;
    this.#program.type(command);
    this.#program.type(`ls ${end}`);
    const written = await this.#program.until(`Node does not exist: ${end}\n`);
    return written.split('\n').filter((line) => {
      if (line.startsWith('WatchedEvent ')) this.#told.push(line);
      return line !== '' && line !== 'WATCHER::' && !line.startsWith('WatchedEvent ');
    });
  }

  /** Waits until a watch tells it: "NodeCreated", "/path". */
  async untilTold(type: string, path: string): Promise<void> {
    const event = `type:${type} path:${path}`;
    const at = this.#told.findIndex((line) => line.endsWith(event));
    if (at >= 0) this.#told.splice(at, 1);
    else await this.#program.until(`${event}\n`);
  }

  /** Its exit code. */
  quit(): Promise<number | null> {
    // It ends with 1 when the last command has failed.
    this.#program.type('version');
    this.#program.type('quit');
    return this.#program.ended();
  }

  stop(): Promise<void> {
    return this.#program.stop();
  }
}
