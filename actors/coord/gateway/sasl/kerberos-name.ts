/**
 * Under which name a Kerberos principal is known: `alice@EXAMPLE.COM`, `zookeeper/host@EXAMPLE.COM`. ZooKeeper's
 * rules (`security.auth_to_local`, which are those of Hadoop) make a short name of it, to which host and realm come
 * back unless they are unwanted.
 */
import { MesozooError } from '../../../../protocol/errors.ts';
import type { KerberosSettings } from '../settings.ts';

/** `text` with its parts, or undefined where it does not apply; throws BAD_ARGUMENT where it cannot be carried out. */
type Rule = (name: KerberosName, defaultRealm: string) => string | undefined;
export type NameRules = readonly Rule[];

interface KerberosName {
  readonly service: string;
  readonly host: string | undefined;
  readonly realm: string;
}

const NAME = /^([^/@]*)(?:\/([^/@]*))?@([^/@]*)$/;
const RULE =
  /\s*(?:(DEFAULT)|RULE:\[(\d+):([^\]]*)\](?:\(([^)]*)\))?(?:s\/([^/]*)\/([^/]*)\/(g)?)?)/y;

const ofDefaultRealm: Rule = ({ service, realm }, defaultRealm) =>
  realm === defaultRealm ? service : undefined;
export const defaultRules: NameRules = [ofDefaultRealm];

/** Throws BAD_ARGUMENT that says what cannot be read. */
export function parseNameRules(text: string): NameRules {
  const rules: Rule[] = [];
  const pattern = new RegExp(RULE);
  const rest = text.trim();
  while (pattern.lastIndex < rest.length) {
    const { lastIndex } = pattern;
    const match = pattern.exec(rest);
    if (match === null) throw bad(`no rule: ${rest.slice(lastIndex)}`);
    const [, isDefault, count = '', format = '', only, from, to = '', all] = match;
    rules.push(
      isDefault === undefined
        ? ruleOf({ parts: Number(count), format, only, from, to, repeats: all !== undefined })
        : ofDefaultRealm,
    );
  }
  return rules;
}

interface RuleText {
  /** How many parts a name must have, without the realm. */
  readonly parts: number;
  /** `$0` is the realm, `$1` and `$2` the parts. */
  readonly format: string;
  /** What the outcome must match as a whole. */
  readonly only: string | undefined;
  /** What of it is replaced, by what, and whether once or wherever it stands. */
  readonly from: string | undefined;
  readonly to: string;
  readonly repeats: boolean;
}

function ruleOf({ parts, format, only, from, to, repeats }: RuleText): Rule {
  for (const [, index] of format.matchAll(/\$(\d*)/g))
    if (index === '' || Number(index) > parts)
      throw bad(`$${index} in [${parts}:${format}] names no part`);
  const whole = only === undefined ? undefined : expression(`^(?:${only})$`);
  const replaced = from === undefined ? undefined : expression(from, repeats ? 'g' : '');
  return ({ service, host, realm }) => {
    const names = host === undefined ? [realm, service] : [realm, service, host];
    if (names.length - 1 !== parts) return undefined;
    const base = format.replace(/\$(\d+)/g, (_, index) => names[Number(index)] ?? '');
    if (whole?.test(base) === false) return undefined;
    return replaced === undefined
      ? base
      : base.replace(replaced, (...match) => replacement(to, match));
  };
}

/** As Java has it: `$n` is a group, and `\` takes a sign as it is. */
function replacement(to: string, match: readonly unknown[]): string {
  return to.replace(/\\(.)|\$(\d)/g, (_, plain, index) =>
    plain !== undefined ? plain : String(match[Number(index)] ?? ''),
  );
}

function expression(source: string, flags = ''): RegExp {
  try {
    return new RegExp(source, flags);
  } catch (cause) {
    throw bad((cause as Error).message, cause);
  }
}

const bad = (why: string, cause?: unknown) => new MesozooError('BAD_ARGUMENT', why, { cause });

/**
 * Undefined for names that have more parts than ZooKeeper knows of. One to which no rule applies, or whose short name
 * would have a "/" or "@", is known by its full name: ZooKeeper would believe what the client says it is.
 */
export function identityOfPrincipal(
  principal: string,
  { rules, removesHost, removesRealm }: KerberosSettings,
  defaultRealm: string,
): string | undefined {
  const [, service, host, realm] = NAME.exec(principal) ?? [];
  if (service === undefined || realm === undefined) return undefined;
  const name = { service, host, realm };
  const short = firstOf(rules, (rule) => rule(name, defaultRealm));
  if (short === undefined || /[/@]/.test(short)) return principal;
  const withHost = removesHost || host === undefined ? short : `${short}/${host}`;
  return removesRealm ? withHost : `${withHost}@${realm}`;
}

function firstOf(rules: NameRules, shorten: (rule: Rule) => string | undefined) {
  for (const rule of rules) {
    const short = shorten(rule);
    if (short !== undefined) return short;
  }
  return undefined;
}
