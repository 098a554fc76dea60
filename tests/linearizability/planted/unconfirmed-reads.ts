/**
 * Preloaded into the processes of a cluster (`node --import`): reads that should wait for the leader's word are answered
 * from what the member has. Shows that a run of histories can fail; no production code knows of it.
 */
import { registerHooks } from 'node:module';

const RIGHT = 'this.gathering.push(callback);';
const WRONG = 'callback();';

registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context);
    if (!url.endsWith('/actors/coord/confirmations.ts')) return loaded;
    const source = String(loaded.source);
    if (!source.includes(RIGHT)) throw new Error(`${url} has no "${RIGHT}" to be replaced`);
    return { ...loaded, source: source.replace(RIGHT, WRONG) };
  },
});
