/** Other members: what is refused, with which error first, and what is told of those there are. */
import type { Row, RowGroup } from '../row.ts';
import { auth, getData, type Request, reconfig, setData } from '../wire/requests.ts';

const config = '/zookeeper/config';
/** Nobody listens there: one without a vote may be added all the same. */
const watcher = 'server.9=127.0.0.1:1:2:observer;127.0.0.1:3';
const asSuper = auth('digest', 'super:secret');

const row = (name: string, ...requests: readonly Request[]): Row => ({
  name: `reconfig: ${name}`,
  async play({ a }) {
    for (const request of requests) await a.ask(request);
  },
});
const bySuper = (name: string, ...requests: readonly Request[]): Row =>
  row(name, asSuper, ...requests);

const rows: readonly Row[] = [
  row('who may read the members', getData(config)),
  row('who is not super may not', reconfig({ joining: watcher }), setData(config, 'x')),
  bySuper('of nothing', reconfig({})),
  bySuper('of empty texts', reconfig({ joining: '', leaving: '', members: '' })),
  bySuper('of steps and all members', reconfig({ joining: watcher, members: watcher })),
  bySuper('of all members by spaces', reconfig({ members: '  ' })),
  bySuper('of observers alone', reconfig({ members: watcher })),
  ...['server.9', 'server.9=', 'server.9=127.0.0.1:1:2', 'server.9=127.0.0.1:1;3', '9', '='].map(
    (line) => bySuper(`joining "${line}"`, reconfig({ joining: line })),
  ),
  ...['server.9=127.0.0.1:x:2:participant;3', 'server.9=127.0.0.1:1:2:king;3'].map((line) =>
    bySuper(`joining "${line}"`, reconfig({ joining: line })),
  ),
  bySuper('joining no number', reconfig({ joining: 'server.x=127.0.0.1:1:2:observer;3' })),
  bySuper('leaving no number', reconfig({ leaving: 'x' })),
  bySuper('leaving nobody that is there', reconfig({ leaving: '8' })),
  bySuper('leaving all', reconfig({ leaving: '1' })),
  bySuper(
    'joining with a vote, and not running',
    reconfig({ joining: 'server.9=127.0.0.1:1:2:participant;127.0.0.1:3' }),
  ),
  bySuper(
    'joining under the address of another',
    reconfig({ joining: `${watcher},server.8=127.0.0.1:4:5:observer;127.0.0.1:3` }),
    reconfig({ leaving: '8,9' }),
  ),
  bySuper('of another version', reconfig({ joining: watcher, fromConfig: 7n })),
  row('the version goes before the right', reconfig({ joining: watcher, fromConfig: 7n })),
  row('the servers go before the right', reconfig({ joining: 'server.9' })),
  row(
    'the majority goes before the right',
    reconfig({ joining: 'server.9=127.0.0.1:1:2:participant;127.0.0.1:3' }),
  ),
  row('the right goes last', reconfig({ joining: watcher })),
  {
    name: 'reconfig: one without a vote joins and leaves, and whoever watches is told',
    async play({ a, b }) {
      await b.ask(getData(config, true));
      await a.ask(asSuper);
      await a.ask(reconfig({ joining: watcher }));
      await b.hears();
      await b.ask(getData(config, true));
      await a.ask(reconfig({ leaving: '9' }));
      await b.hears();
      await b.ask(getData(config));
    },
  },
];

export const reconfigRows: RowGroup = { group: 'reconfig', server: 'ensemble', rows };
