/**
 * Loaded before a coord's own code (`node --import`): while the file "fail-next-sync" lies in its data directory, the next
 * `fdatasync` fails with EIO, once, as a disk does that has lost a write. What the process then still writes to its data
 * is noted in the file "written-after-failure".
 */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';

const place = process.argv.indexOf('--data');
if (place >= 0 && process.argv[1]?.endsWith('coord/main.ts')) {
  const directory = process.argv[place + 1];
  const order = join(directory, 'fail-next-sync');
  const { existsSync, rmSync, appendFileSync } = fs;
  let hasFailed = false;
  const noting = (name) => {
    const original = fs[name];
    const noted = (...args) => {
      if (hasFailed) appendFileSync(join(directory, 'written-after-failure'), `${name}\n`);
      return original(...args);
    };
    // What `util.promisify` asks of it.
    for (const symbol of Object.getOwnPropertySymbols(original)) noted[symbol] = original[symbol];
    return noted;
  };
  for (const name of ['writev', 'writevSync', 'fsync', 'rename', 'unlink']) fs[name] = noting(name);
  const failure = () => {
    if (hasFailed || !existsSync(order)) return undefined;
    rmSync(order);
    hasFailed = true;
    return Object.assign(new Error('EIO: i/o error, fdatasync'), { code: 'EIO' });
  };
  const sync = noting('fdatasync');
  fs.fdatasync = (descriptor, done) => {
    const error = failure();
    if (error === undefined) sync(descriptor, done);
    else setImmediate(() => done(error));
  };
  const syncNow = noting('fdatasyncSync');
  fs.fdatasyncSync = (descriptor) => {
    const error = failure();
    if (error !== undefined) throw error;
    syncNow(descriptor);
  };
  syncBuiltinESMExports();
}
