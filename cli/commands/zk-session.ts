/** What needs a session of its own: an ephemeral znode that is held, and a watch. */

import type { Followed } from '../../actors/coord/client/contract.ts';
import { type CoordSession, connect } from '../../actors/coord/client/promises.ts';
import { dataForJson } from '../../protocol/codec.ts';
import type { ZnodeRequest } from '../../protocol/znode-api.ts';
import { type Context, interrupted } from '../context.ts';
import { exitCodeOfSignal, exitCodes } from '../exit-codes.ts';
import type { ZkOptions } from './zk.ts';

const SESSION_TIMEOUT_MS = 6_000;
/** After so long without a session it is said what is waited for. */
const SILENCE_MS = 2_000;

async function openSession(context: Context, options: ZkOptions): Promise<CoordSession> {
  const { ports, cluster } = context.connection;
  const silence = ports.clock.after(SILENCE_MS, () =>
    context.note('mesozoo: no coord answers yet; still trying'),
  );
  try {
    return await connect(ports, {
      cluster,
      timeoutMs: SESSION_TIMEOUT_MS,
      reopen: false,
      ...(options.auth !== undefined && { digest: options.auth }),
    });
  } finally {
    silence.cancel();
  }
}

export async function holdEphemeral(
  context: Context,
  options: ZkOptions,
  request: ZnodeRequest<'create'>,
): Promise<number> {
  const session = await openSession(context, options);
  try {
    const reply = await session.request('create', { ...request, ephemeral: true });
    if (context.json) context.printJson(reply, 'line');
    else context.print(`${reply.path}\n`);
    context.note('mesozoo: held until Ctrl-C');
    return await untilInterrupted(context, session);
  } finally {
    await session.close();
  }
}

export async function watchPath(context: Context, options: ZkOptions, path = ''): Promise<number> {
  const session = await openSession(context, options);
  const seen = new Map<Followed['kind'], string>();
  const tell = (what: string, detail: string, body: object) => {
    if (context.json) context.printJson({ path, event: what, ...body }, 'line');
    else {
      const line = `${new Date().toISOString().slice(11, 23)}  ${what}  ${detail}`;
      context.print(`${line.trimEnd()}\n`);
    }
  };
  try {
    // What is wrong with the path or the rights is told before anything is followed.
    await session.request('exists', { path });
    session.client.follow('get', path, (answer) => {
      const before = seen.get('get');
      if (answer.ok && answer.value.kind === 'get') {
        const { data, version } = answer.value;
        const text = Buffer.from(data).toString('utf8');
        const what = before === undefined ? 'data' : before === 'gone' ? 'created' : 'changed';
        seen.set('get', 'there');
        tell(what, `version ${version}: ${text}`, { version, ...dataForJson(data) });
      } else if (!answer.ok && answer.error.code === 'NO_NODE') {
        tell(before === undefined ? 'missing' : 'deleted', '', {});
        seen.set('get', 'gone');
      } else if (!answer.ok) tell('error', answer.error.message, { code: answer.error.code });
    });
    session.client.follow('children', path, (answer) => {
      if (!answer.ok || answer.value.kind !== 'children') return;
      const { children } = answer.value;
      tell('children', children.length === 0 ? 'none' : children.join(' '), { children });
    });
    return await untilInterrupted(context, session);
  } finally {
    await session.close();
  }
}

async function untilInterrupted(context: Context, session: CoordSession): Promise<number> {
  const expired = new Promise<'expired'>((resolve) => {
    session.client.onState((state) => {
      if (state === 'suspended') context.note('mesozoo: no coord answers; still trying');
      if (state === 'connected') context.note('mesozoo: connected again');
      if (state === 'expired') resolve('expired');
    });
  });
  const why = await Promise.race([interrupted(context), expired]);
  if (why === 'expired') {
    context.note('mesozoo: the session has expired');
    return exitCodes.failed;
  }
  return exitCodeOfSignal(why);
}
