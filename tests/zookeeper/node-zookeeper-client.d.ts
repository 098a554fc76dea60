/** What the test uses of the package, which has no types of its own. */
declare module 'node-zookeeper-client' {
  export interface Event {
    readonly name: string;
    readonly path: string;
  }
  type Done<Result extends unknown[] = []> = (error: Error | null, ...results: Result) => void;
  export interface Client {
    once(event: 'connected', handler: () => void): void;
    connect(): void;
    close(): void;
    create(path: string, data: Buffer, mode: number, done: Done<[string]>): void;
    setData(path: string, data: Buffer, done: Done): void;
    getData(path: string, watcher: (event: Event) => void, done: Done<[Buffer]>): void;
    getChildren(path: string, done: Done<[string[]]>): void;
    remove(path: string, done: Done): void;
  }
  const zookeeper: {
    createClient(servers: string, options?: { sessionTimeout: number }): Client;
    CreateMode: { readonly EPHEMERAL_SEQUENTIAL: number; readonly PERSISTENT: number };
  };
  export default zookeeper;
}
