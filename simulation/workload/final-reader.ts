/** Reads the whole workload's part of the tree, linearizably, when everything has come to rest. */
import type { Actor, Ports } from '../../actors/actor.ts';
import { SessionClient } from '../../actors/coord/client/session-client.ts';
import type { FinalTree } from './history.ts';

export class FinalReader implements Actor {
  private readonly session: SessionClient;
  private readonly roots: readonly string[];
  private readonly nodes = new Map<string, { data: string; version: number }>();
  private open = 0;
  private problem: string | undefined;

  constructor(ports: Ports, options: { cluster: string; roots: readonly string[] }) {
    this.roots = options.roots;
    this.session = new SessionClient(ports, {
      cluster: options.cluster,
      timeoutMs: 10_000,
      reopen: false,
    });
  }

  start(): void {
    this.session.open();
    for (const root of this.roots) this.read(root);
  }

  endTurn(): void {
    // Nothing is gathered.
  }

  stop(done: () => void): void {
    this.session.close(done);
  }

  /** Undefined while it is still reading; throws what went wrong. */
  result(): FinalTree | undefined {
    if (this.problem !== undefined) throw new Error(this.problem);
    return this.open === 0 ? { nodes: this.nodes } : undefined;
  }

  private read(path: string): void {
    this.open += 2;
    this.session.request('get', { path, linearizable: true }, (answer) => {
      this.open--;
      if (answer.ok) {
        const data = new TextDecoder().decode(answer.value.data as Uint8Array);
        this.nodes.set(path, { data, version: answer.value.stat.version });
      } else if (answer.error.code !== 'NO_NODE') this.problem = `${path}: ${answer.error.message}`;
    });
    this.readChildren(path, undefined);
  }

  private readChildren(path: string, after: string | undefined): void {
    this.session.request(
      'children',
      { path, linearizable: true, ...(after !== undefined && { after }) },
      (answer) => {
        this.open--;
        if (!answer.ok) {
          if (answer.error.code !== 'NO_NODE') this.problem = `${path}: ${answer.error.message}`;
          return;
        }
        const { children, more } = answer.value;
        for (const child of children) this.read(`${path}/${child}`);
        if (more) {
          this.open++;
          this.readChildren(path, children.at(-1));
        }
      },
    );
  }
}
