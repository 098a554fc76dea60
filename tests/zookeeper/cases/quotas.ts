/** Quotas: what hard and soft limits refuse where they are enforced, and how the statistics are kept. */
import { type Row, type RowGroup, rowRoot as t } from '../row.ts';
import { multi } from '../wire/multi.ts';
import { create, create2, getData, type Request, remove, setData } from '../wire/requests.ts';

const x = `${t}/x`;
const at = `/zookeeper/quota${x}`;
const limitsPath = `${at}/zookeeper_limits`;
const statsPath = `${at}/zookeeper_stats`;

/** As zkCli's `setquota` writes them; the quota goes at the end, so that the next row finds none. */
const quotaRow = (name: string, limits: string, ...requests: readonly Request[]): Row => ({
  name,
  async play({ a }) {
    await a.ask(create(x, { data: '12345' }), create(`${x}/c`));
    await a.ask(create(`/zookeeper/quota${t}`), create(at));
    await a.ask(
      create(limitsPath, { data: limits }),
      create(statsPath, { data: 'count=0,bytes=0' }),
    );
    for (const request of requests) await a.ask(request);
    await a.ask(getData(statsPath));
    await a.ask(remove(limitsPath), remove(statsPath), remove(at), remove(`/zookeeper/quota${t}`));
  },
});

const hard = (countHardLimit: number, byteHardLimit: number) =>
  `count=-1,bytes=-1=;byteHardLimit=${byteHardLimit};countHardLimit=${countHardLimit}`;

const rowsOf = (server: string): readonly Row[] => [
  quotaRow(
    `a hard limit of nodes, ${server}`,
    hard(3, -1),
    create(`${x}/d`),
    create(`${x}/e`),
    create2(`${x}/e`),
    create(`${x}/c/below`),
    multi(create(`${x}/e`), setData(x, 'y')),
    setData(x, 'more of it'),
    remove(`${x}/d`),
    create(`${x}/e`),
  ),
  quotaRow(
    `a hard limit of bytes, ${server}`,
    hard(-1, 10),
    setData(x, '1234567890'),
    setData(x, '12345678901'),
    create(`${x}/d`, { data: '1' }),
    create(`${x}/d`),
    setData(`${x}/d`, '1'),
    setData(x, null),
    setData(`${x}/d`, '1234567890'),
    multi(setData(`${x}/d`, ''), setData(x, '12345678901')),
  ),
  quotaRow(
    `a hard limit of bytes within a multi, ${server}`,
    hard(-1, 10),
    multi(setData(x, ''), setData(`${x}/c`, '1234567890')),
  ),
  quotaRow(
    `soft limits, ${server}`,
    'count=1,bytes=1',
    create(`${x}/d`, { data: 'many bytes' }),
    setData(x, 'many more bytes'),
  ),
  quotaRow(
    `a hard limit of nothing at all, ${server}`,
    hard(0, 0),
    create(`${x}/d`, { data: 'y' }),
    setData(x, '1'),
    setData(x, '123456'),
    remove(`${x}/c`),
  ),
];

export const quotaRows: RowGroup = { group: 'quotas', rows: rowsOf('enforced') };
export const plainQuotaRows: RowGroup = {
  ...{ group: 'quotas by default', server: 'plain' },
  rows: rowsOf('not enforced'),
};
