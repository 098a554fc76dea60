/**
 * MIT's library of GSSAPI and Kerberos as functions of this process: the only place that knows of pointers. What it
 * hands out are handles, for which `release…` and `delete…` are to be called. Loaded when somebody asks for it.
 */
import { createRequire } from 'node:module';
import { MesozooError } from '../../protocol/errors.ts';

type Koffi = typeof import('koffi');
type Type = string | ReturnType<Koffi['pointer']> | ReturnType<Koffi['out']>;
type Native = (...values: unknown[]) => number;

/** An address, as koffi has them; null is none. */
export type Handle = bigint | null;

export class GssError extends Error {}

export interface GssLibrary {
  /** Of the krb5.conf; undefined where it names none. Throws GssError where it cannot be read. */
  defaultRealm(): string | undefined;
  /** What proves to clients that one is `principal`. Throws GssError, also where the keytab has no such key. */
  acquireAcceptor(principal: string, keytab: string): Handle;
  /** One step; `context` is null at first. Throws GssError, after which there is no context any more. */
  accept(context: Handle, credential: Handle, token: Uint8Array): AcceptStep;
  /** Signed, not encrypted. Throws GssError. */
  wrap(context: Handle, message: Uint8Array): Buffer;
  /** Throws GssError. */
  unwrap(context: Handle, message: Uint8Array): Buffer;
  deleteContext(context: Handle): void;
}

export interface AcceptStep {
  readonly context: Handle;
  readonly token: Buffer;
  /** Who the client is; undefined while it goes on. */
  readonly principal: string | undefined;
}

const GSSAPI = 'libgssapi_krb5.so.2';
const KERBEROS = 'libkrb5.so.3';
/** RFC 2744, section 3.9.1: the upper half is errors, the lower says more about a success. */
const ERRORS = 0xffff0000;
const CONTINUE_NEEDED = 1;
const ACCEPT = 2;
/** Whose code it is that `gss_display_status` is asked for. */
const [OF_GSSAPI, OF_MECHANISM] = [1, 2];
/** 1.2.840.113554.1.2.2.1: a principal's name as Kerberos writes it, of which nothing is looked up. */
const PRINCIPAL_NAME = Buffer.from('2a864886f71201020201', 'hex');

interface GssBuffer {
  readonly length: number;
  readonly value: Uint8Array | Handle;
}
const EMPTY: GssBuffer = { length: 0, value: null };

let loaded: GssLibrary | undefined;

/** `configPath` is the krb5.conf that the process reads from now on. Throws BAD_ARGUMENT that says what to install. */
export function gssLibrary(configPath: string | undefined): GssLibrary {
  // The library has no other way to be told.
  if (configPath !== undefined) process.env.KRB5_CONFIG = configPath;
  loaded ??= load();
  return loaded;
}

function load(): GssLibrary {
  const koffi = installed('the npm package koffi ("npm install koffi")', () =>
    requireKoffi(createRequire(import.meta.url)),
  );
  const [gss, kerberos] = installed(
    `MIT Kerberos' ${GSSAPI} ("apt-get install libgssapi-krb5-2")`,
    () => [koffi.load(GSSAPI), koffi.load(KERBEROS)],
  );
  // Without names: those would stand for the whole process.
  const bytes = koffi.struct({ length: 'size_t', value: 'void *' });
  const oid = koffi.struct({ length: 'uint32_t', elements: 'void *' });
  const pair = koffi.struct({ key: 'str', value: 'str' });
  const pairs = koffi.struct({ count: 'uint32_t', elements: koffi.pointer(pair) });
  const pointer = koffi.pointer('void');
  const given = koffi.pointer(bytes);
  const [taken, changed] = [koffi.out(given), koffi.inout(given)];
  const [handle, number] = [koffi.pointer(pointer), koffi.pointer('uint32_t')];
  const [handleOut, handleChanged, numberOut] = [
    koffi.out(handle),
    koffi.inout(handle),
    koffi.out(number),
  ];
  /** All of GSSAPI begin with where the mechanism's own code goes. */
  const of = (name: string, types: Type[]) => gss.func(name, 'uint32_t', [numberOut, ...types]);
  const ofKerberos = (name: string, result: string, types: Type[]) =>
    kerberos.func(name, result, types);

  const importName = of('gss_import_name', [given, koffi.pointer(oid), handleOut]);
  const displayName = of('gss_display_name', [pointer, taken, pointer]);
  const releaseName = of('gss_release_name', [handleChanged]);
  const releaseBuffer = of('gss_release_buffer', [changed]);
  const acquire = of('gss_acquire_cred_from', [
    ...[pointer, 'uint32_t', pointer, 'int', koffi.pointer(pairs), handleOut, pointer, pointer],
  ]);
  const accept = of('gss_accept_sec_context', [
    ...[handleChanged, pointer, given, pointer, handleOut, pointer, taken],
    ...[pointer, pointer, pointer],
  ]);
  const deleteContext = of('gss_delete_sec_context', [handleChanged, pointer]);
  const wrap = of('gss_wrap', [pointer, 'int', 'uint32_t', given, pointer, taken]);
  const unwrap = of('gss_unwrap', [pointer, given, taken, pointer, pointer]);
  const displayStatus = of('gss_display_status', [
    ...['uint32_t', 'int', pointer, koffi.inout(number), taken],
  ]);
  const initContext = ofKerberos('krb5_init_context', 'int32_t', [handleOut]);
  const freeContext = ofKerberos('krb5_free_context', 'void', [pointer]);
  const messageOf: (context: null, code: number) => string = kerberos.func(
    'krb5_get_error_message',
    'str',
    [pointer, 'int32_t'],
  );
  const getDefaultRealm = ofKerberos('krb5_get_default_realm', 'int32_t', [pointer, handleOut]);
  const freeDefaultRealm = ofKerberos('krb5_free_default_realm', 'void', [pointer, pointer]);
  /** Kerberos alone: neither negotiation nor anything that stands around it. */
  const mechanisms: Handle = koffi.decode(gss.symbol('gss_mech_set_krb5'), 'void *');

  const asBuffer = (value: Uint8Array): GssBuffer => ({ length: value.length, value });

  /** Copies what the library has made, and gives it back. */
  function taking(buffer: GssBuffer): Buffer {
    const length = Number(buffer.length);
    const copy = Buffer.from(length === 0 ? [] : koffi.decode(buffer.value, 'uint8_t', length));
    releaseBuffer([0], buffer);
    return copy;
  }

  function textOf(code: number, whose: number): string {
    const text: GssBuffer = { ...EMPTY };
    const failed = displayStatus([0], code, whose, null, [0], text) & ERRORS;
    return failed === 0 ? taking(text).toString() : `code ${code}`;
  }

  /** Calls with a place for the mechanism's code; throws GssError with its text. */
  function checked(call: Native, ...values: unknown[]): number {
    const minor = [0];
    const major: number = call(minor, ...values);
    if ((major & ERRORS) !== 0) {
      const code = minor[0]!;
      const why = code === 0 ? textOf(major, OF_GSSAPI) : textOf(code, OF_MECHANISM);
      // So it calls what stops in the middle, for one.
      throw new GssError(why === 'Success' ? 'the library gives no reason' : why);
    }
    return major;
  }

  function nameOf(name: Handle): string {
    const text: GssBuffer = { ...EMPTY };
    checked(displayName, name, text, null);
    return taking(text).toString();
  }

  function drop(release: Native, value: Handle, ...more: null[]): void {
    if (value !== null) release([0], [value], ...more);
  }

  return {
    defaultRealm() {
      const context: [Handle] = [null];
      const failed = initContext(context);
      if (failed !== 0) throw new GssError(messageOf(null, failed));
      const realm: [Handle] = [null];
      const found = getDefaultRealm(context[0], realm) === 0;
      const text = found ? koffi.decode.string(realm[0]) : undefined;
      if (found) freeDefaultRealm(context[0], realm[0]);
      freeContext(context[0]);
      return text;
    },
    acquireAcceptor(principal, keytab) {
      const [name, credential]: [[Handle], [Handle]] = [[null], [null]];
      const type = { length: PRINCIPAL_NAME.length, elements: PRINCIPAL_NAME };
      checked(importName, asBuffer(Buffer.from(principal)), type, name);
      const store = { count: 1, elements: [{ key: 'keytab', value: keytab }] };
      try {
        checked(acquire, name[0], 0, mechanisms, ACCEPT, store, credential, null, null);
      } finally {
        drop(releaseName, name[0]);
      }
      return credential[0];
    },
    accept(context, credential, token) {
      const [next, source]: [[Handle], [Handle]] = [[context], [null]];
      const answer: GssBuffer = { ...EMPTY };
      try {
        const major = checked(
          ...([accept, next, credential, asBuffer(token), null, source, null, answer] as const),
          ...[null, null, null],
        );
        const isOver = (major & CONTINUE_NEEDED) === 0;
        const principal = isOver ? nameOf(source[0]) : undefined;
        return { context: next[0], token: taking(answer), principal };
      } catch (error) {
        // It may have been made and then found wrong; with an answer that says so, which nobody is sent.
        taking(answer);
        drop(deleteContext, next[0], null);
        throw error;
      } finally {
        drop(releaseName, source[0]);
      }
    },
    wrap(context, message) {
      const answer: GssBuffer = { ...EMPTY };
      checked(wrap, context, 0, 0, asBuffer(message), null, answer);
      return taking(answer);
    },
    unwrap(context, message) {
      const answer: GssBuffer = { ...EMPTY };
      checked(unwrap, context, asBuffer(message), answer, null, null);
      return taking(answer);
    },
    deleteContext: (context) => drop(deleteContext, context, null),
  };
}

const requireKoffi = (require: NodeJS.Require): Koffi => require('koffi');

function installed<T>(what: string, get: () => T): T {
  try {
    return get();
  } catch (cause) {
    throw new MesozooError('BAD_ARGUMENT', `Kerberos needs ${what}`, { cause });
  }
}
