/** Looks users up as the system does (files, LDAP, …), and remembers the answer for a while. */
import { execFile } from 'node:child_process';

export interface User {
  readonly uid: number;
  readonly gid: number;
}
export type UserAnswer = User | { readonly failure: string };

const REMEMBERED_MS = 60_000;

export class Users {
  private readonly known = new Map<string, { readonly user: User; readonly atMs: number }>();

  find(name: string, done: (answer: UserAnswer) => void): void {
    const known = this.known.get(name);
    if (known !== undefined && performance.now() - known.atMs < REMEMBERED_MS) {
      done(known.user);
      return;
    }
    execFile('getent', ['passwd', '--', name], { timeout: 10_000 }, (error, output) => {
      // name:password:uid:gid:…
      const [, , uid, gid] = output.split(':');
      if (error !== null || !uid || !gid) {
        const missing = error === null || (error as { code?: unknown }).code === 2;
        done({
          failure: missing
            ? `the user "${name}" does not exist on this agent`
            : `the user "${name}" could not be looked up: ${error.message}`,
        });
        return;
      }
      const user = { uid: Number(uid), gid: Number(gid) };
      this.known.set(name, { user, atMs: performance.now() });
      done(user);
    });
  }
}
