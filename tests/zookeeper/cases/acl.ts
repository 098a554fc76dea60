/** Who may do what: every scheme and permission, what is stored of an ACL, and what is shown of it to whom. */
import { createHash } from 'node:crypto';
import { type Row, type RowGroup, rowRoot as t } from '../row.ts';
import { multi } from '../wire/multi.ts';
import { openAcl, permissions } from '../wire/records.ts';
import {
  auth,
  create,
  exists,
  getAcl,
  getAllChildrenNumber,
  getChildren,
  getChildren2,
  getData,
  type Request,
  remove,
  setAcl,
  setData,
  sync,
  whoAmI,
} from '../wire/requests.ts';

const x = `${t}/x`;
const { all, read, admin } = permissions;
const only = (scheme: string, id: string, perms: number = all) => [{ perms, scheme, id }];

function digestOf(user: string, password: string): string {
  return `${user}:${createHash('sha1').update(`${user}:${password}`).digest('base64')}`;
}
const ann = digestOf('ann', 'secret');

const row = (name: string, ...requests: readonly Request[]): Row => ({
  name,
  async play({ a }) {
    for (const request of requests) await a.ask(request);
  },
});

/** Everything that asks for a permission, on /t/x with a child. */
const everyDeed: readonly Request[] = [
  getData(x),
  exists(x),
  getChildren(x),
  getChildren2(x),
  getAcl(x),
  sync(x),
  getAllChildrenNumber(x),
  setData(x, 'changed'),
  create(`${x}/new`),
  remove(`${x}/new`),
  remove(`${x}/c`),
  multi(setData(x, 'changed'), create(`${x}/other`)),
  setAcl(x, only('world', 'anyone', admin)),
];

const underPermission = (name: string, perms: number): Row => ({
  name: `what ${name} allows`,
  async play({ a, b }) {
    await a.ask(create(x, { data: 'x' }), create(`${x}/c`));
    await a.ask(auth('digest', 'ann:secret'));
    await a.ask(setAcl(x, [...only('world', 'anyone', perms), ...only('digest', ann)]));
    for (const deed of everyDeed) await b.ask(deed);
    await a.ask(setAcl(x, openAcl));
  },
});

const rows: readonly Row[] = [
  ...Object.entries(permissions).map(([name, perms]) => underPermission(name, perms)),
  underPermission('no permission', 0),
  underPermission('read and admin', read | admin),
  row('auth of digest', auth('digest', 'ann:secret'), whoAmI()),
  row('auth of two users', auth('digest', 'ann:secret'), auth('digest', 'bob:word'), whoAmI()),
  row(
    'auth of one user twice',
    auth('digest', 'ann:secret'),
    auth('digest', 'ann:secret'),
    whoAmI(),
  ),
  row('auth without a colon', auth('digest', 'ann'), whoAmI()),
  row('auth of ip', auth('ip', ''), whoAmI()),
  row('auth of world', auth('world', 'anyone')),
  row('auth of an unknown scheme', auth('nonsense', 'n')),
  row('auth of an empty scheme', auth('', '')),
  row(
    'a path that is none is found before an ACL that is none',
    create('/t/x\0', { acl: [] }),
    setAcl('/t/../x', []),
    setAcl(`${t}/none`, []),
  ),
  row('auth of super', auth('digest', 'super:secret'), whoAmI()),
  row('auth of super with another password', auth('digest', 'super:other'), whoAmI()),
  {
    name: 'auth that fails ends the connection, and what came behind it',
    async play({ a, b }) {
      await a.connect();
      await a.ask<unknown>(auth('nonsense', 'n'), create(x));
      await b.ask(exists(x));
    },
  },
  {
    name: 'super may do what an ACL forbids to all',
    async play({ a, b }) {
      await a.ask(create(x, { data: 'x' }), create(`${x}/c`));
      await a.ask(setAcl(x, only('digest', ann, 0)));
      await a.ask(getData(x));
      await b.ask(auth('digest', 'super:secret'));
      for (const deed of everyDeed) await b.ask(deed);
      await b.ask(setAcl(x, openAcl));
    },
  },
  {
    name: 'auth stands for all identities of the connection',
    async play({ a, b }) {
      await a.ask(auth('digest', 'ann:secret'));
      await a.ask(auth('digest', 'bob:word'));
      await a.ask(create(x, { acl: only('auth', '') }));
      await a.ask(getAcl(x));
      await b.ask<unknown>(getData(x), getAcl(x));
    },
  },
  {
    name: 'auth with a text behind it',
    async play({ a }) {
      await a.ask(auth('digest', 'ann:secret'));
      await a.ask(create(x, { acl: only('auth', 'somebody else') }));
      await a.ask(getAcl(x));
    },
  },
  {
    name: 'digests are hidden from those who may not change them',
    async play({ a, b }) {
      await a.ask(create(x, { acl: [...only('digest', ann), ...only('world', 'anyone', read)] }));
      await a.ask(getAcl(x));
      await b.ask(auth('digest', 'ann:secret'));
      await b.ask(getAcl(x));
    },
  },
  {
    name: 'an identity is needed from the moment of its ACL',
    async play({ a }) {
      await a.ask(create(x, { data: 'x', acl: only('digest', ann) }));
      await a.ask(getData(x));
      await a.ask(auth('digest', 'ann:wrong'));
      await a.ask(getData(x));
      await a.ask(auth('digest', 'ann:secret'));
      await a.ask(getData(x));
    },
  },
  row('ip of this machine', create(x, { data: 'x', acl: only('ip', '127.0.0.1') }), getData(x)),
  row(
    'ip of this machine by network',
    create(x, { data: 'x', acl: only('ip', '127.0.0.0/8') }),
    getData(x),
  ),
  row('ip of another machine', create(x, { data: 'x', acl: only('ip', '10.0.0.1') }), getData(x)),
  row('ip of another network', create(x, { data: 'x', acl: only('ip', '10.0.0.0/8') }), getData(x)),
  row('ip of everywhere', create(x, { data: 'x', acl: only('ip', '0.0.0.0/0') }), getData(x)),
  row('ip with more bits than there are', create(x, { acl: only('ip', '10.0.0.0/33') })),
  row(
    'setACL',
    create(x),
    setAcl(x, only('world', 'anyone', read | admin)),
    getAcl(x),
    setAcl(x, openAcl, 1),
    getAcl(x),
  ),
  row(
    'setACL of another version',
    create(x),
    setAcl(x, openAcl, 1),
    setAcl(x, openAcl, -2),
    exists(x),
  ),
  row('setACL of what is not there', setAcl(x, openAcl)),
  row('setACL of nothing', create(x), setAcl(x, []), exists(x)),
  row('setACL of an unknown scheme', create(x), setAcl(x, only('nonsense', 'n'))),
  row('setACL of auth without an identity', create(x), setAcl(x, only('auth', ''))),
  row('setACL with an entry twice', create(x), setAcl(x, [...openAcl, ...openAcl]), getAcl(x)),
  row(
    'ACLs are not inherited',
    create(x, { acl: only('world', 'anyone', all & ~permissions.write) }),
    create(`${x}/c`),
    setData(`${x}/c`, 'y'),
    getAcl(`${x}/c`),
    remove(`${x}/c`),
  ),
];

export const aclRows: RowGroup = { group: 'acl', rows };
