import { expect, it } from 'vitest';
import { defaultRules, identityOfPrincipal, parseNameRules } from './kerberos-name.ts';

const known = (
  principal: string,
  rules: string | undefined,
  removes: 'nothing' | 'host' | 'realm' | 'both' = 'nothing',
) =>
  identityOfPrincipal(
    principal,
    {
      ...{ configPath: undefined, needsDefaultRealm: false },
      rules: rules === undefined ? defaultRules : parseNameRules(rules),
      removesHost: removes === 'host' || removes === 'both',
      removesRealm: removes === 'realm' || removes === 'both',
    },
    'HERE',
  );

it.each([
  ['alice@HERE', 'nothing', 'alice@HERE'],
  ['alice@HERE', 'realm', 'alice'],
  ['alice@HERE', 'host', 'alice@HERE'],
  ['zoo/host@HERE', 'nothing', 'zoo/host@HERE'],
  ['zoo/host@HERE', 'host', 'zoo@HERE'],
  ['zoo/host@HERE', 'realm', 'zoo/host'],
  ['zoo/host@HERE', 'both', 'zoo'],
  // Of another realm, of which nothing is taken away: it would be taken for one of ours.
  ['alice@THERE', 'both', 'alice@THERE'],
] as const)('%s without %s is %s', (principal, removes, expected) => {
  expect(known(principal, undefined, removes)).toBe(expected);
});

it.each(['a/b/c@HERE', 'alice', 'a@b@HERE', ''])('%j has no name here', (principal) => {
  expect(known(principal, undefined)).toBeUndefined();
});

it.each([
  ['RULE:[1:$1]', 'alice@THERE', 'alice'],
  ['RULE:[2:$1]', 'zoo/host@THERE', 'zoo'],
  ['RULE:[2:$1;$2](zoo;.*)s/;.*//', 'zoo/host@THERE', 'zoo'],
  ['RULE:[1:$1@$0](.*@THERE)s/@.*//', 'alice@THERE', 'alice'],
  // What must match is the whole, and the first rule that gives something is it.
  ['RULE:[1:$1](lic)s/l/x/ RULE:[1:$1]s/l/y/', 'alice@THERE', 'ayice'],
  ['RULE:[1:$1]s/a/b/g\nDEFAULT', 'aarau@THERE', 'bbrbu'],
  ['RULE:[1:$1]s/a/b/', 'aarau@THERE', 'barau'],
  ['RULE:[1:$1]s/(a)(l)/$2\\$$1/', 'alice@THERE', 'l$aice'],
  ['RULE:[1:$1]s/x*$/$&/', 'alice@THERE', 'alice$&'],
  ['DEFAULT RULE:[1:guest]', 'alice@THERE', 'guest'],
  ['DEFAULT RULE:[1:guest]', 'alice@HERE', 'alice'],
])('the rules %j make of %s %s', (rules, principal, expected) => {
  expect(known(principal, rules, 'both')).toBe(expected);
});

it.each([
  ['no rule applies', 'RULE:[2:$1]', 'alice@HERE'],
  ['the short name would not be one', 'RULE:[1:$1@$0]', 'alice@HERE'],
])('where %s the name is the full one', (_why, rules, principal) => {
  expect(known(principal, rules, 'both')).toBe(principal);
});

it('a short name has host and realm as any other', () => {
  expect(known('zoo/host@THERE', 'RULE:[2:$1]s/zoo/keeper/')).toBe('keeper/host@THERE');
});

it.each([
  ['RULE', /^no rule: RULE$/],
  ['DEFAULT RULE:[1:$1', /^no rule: +RULE:\[1:\$1$/],
  ['RULE:[1:$1]s/a/b/L', /^no rule: L$/],
  ['RULE:[1:$2]', /names no part$/],
  ['RULE:[1:$]', /names no part$/],
  ['RULE:[1:$1]([)', /Invalid regular expression/],
  ['RULE:[1:$1]s/(/x/', /Invalid regular expression/],
])('the rules %j are refused', (rules, message) => {
  expect(() => parseNameRules(rules)).toThrow(message);
});
