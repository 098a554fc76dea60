/** What the leading master answers beside what its bundled frameworks answer. */
import { z } from 'zod';
import { MesozooError } from '../../../protocol/errors.ts';
import { type FrameworkCall, frameworkCall } from '../../../protocol/framework-api.ts';
import { limits } from '../../../protocol/limits.ts';
import { isInbox, type Subjects } from '../../../protocol/subjects.ts';
import type { ClusterState } from '../../../protocol/task-api.ts';
import type { Respond, Route } from '../../bundled.ts';
import type { Framework } from '../frameworks/framework.ts';
import { type EventStream, NatsStream } from '../frameworks/streams.ts';
import type { Term } from '../term.ts';

/** Of the endpoints that ask about the cluster. */
const SERVICE = 'mesozoo-cluster';
const common = { service: SERVICE, bytesMax: limits.taskRequestBytes };

export function routesOf(term: Term, subjects: Subjects): readonly Route[] {
  return [
    {
      service: 'mesozoo-frameworks',
      bytesMax: limits.frameworkCallBytes,
      name: 'call',
      subject: subjects.frameworkCall(),
      description: "A call of a framework, in Mesos' form.",
      schema: frameworkCall,
      handle: ((call: FrameworkCall, respond: Respond, refuse: (error: MesozooError) => void) =>
        call.type === 'SUBSCRIBE'
          ? subscribe(term, call, respond, refuse)
          : term.calls.carryOut(
              term.frameworks.ofCall(call.framework_id.value, call.stream_id),
              call,
              respond,
              refuse,
            )) as never,
      refused: (_, error) =>
        term.log.info('call of a framework without a reply subject refused', {
          error: error.message,
        }),
    },
    {
      ...common,
      name: 'state',
      subject: subjects.clusterState(),
      description: 'Agents, masters, coords, frameworks and counts of tasks.',
      schema: z.strictObject({}),
      handle: ((_: unknown, respond: (value: ClusterState) => void) =>
        term.coords.ask((coords) => respond({ ...term.clusterState(), coords }))) as never,
    },
    {
      ...common,
      name: 'metrics',
      subject: subjects.metrics(),
      description: 'RAR, TSD, RU, TSR and counters.',
      schema: z.strictObject({}),
      handle: ((_: unknown, respond: (value: unknown) => void) => respond(term.metrics())) as never,
    },
  ];
}

/** Throws BAD_REQUEST, NO_FRAMEWORK, NOT_SUBSCRIBED, TOO_MANY_REQUESTS; later refuses with FAILED_OVER. */
function subscribe(
  term: Term,
  call: Extract<FrameworkCall, { type: 'SUBSCRIBE' }>,
  respond: Respond,
  superseded: (error: MesozooError) => void,
): void {
  if (!isInbox(call.events))
    throw new MesozooError(
      'BAD_REQUEST',
      `the field "events" is no inbox: ${JSON.stringify(call.events)}`,
    );
  const answer = (framework: Framework, stream: EventStream) =>
    respond({ framework_id: { value: framework.id }, stream_id: stream.id });
  const { subscriptions } = term.frameworks;
  const earlier = subscriptions.find(call.events);
  if (earlier !== undefined) {
    if (earlier.framework.stream !== earlier.stream)
      throw new MesozooError(
        'NOT_SUBSCRIBED',
        'the subscription with this inbox is over: another one needs an inbox of its own',
      );
    answer(earlier.framework, earlier.stream);
    return;
  }
  if (subscriptions.isOvertaken(call.events))
    throw new MesozooError('NOT_SUBSCRIBED', 'the same instance has subscribed again since');
  const info = call.subscribe.framework_info;
  const id = call.framework_id ?? info.id;
  term.frameworks.subscribe(
    { ...info, id },
    (framework) => {
      const streamId = Buffer.from(term.random.bytes(16)).toString('hex');
      const stream = new NatsStream({
        clock: term.clock,
        transport: term.transport,
        log: term.log,
        afterwards: (effect) => term.writes.afterwards(effect),
        isHeard: () => term.isHeard(),
        id: streamId,
        inbox: call.events,
        form: respond.form,
      });
      subscriptions.add(call.events, { framework, stream });
      return stream;
    },
    undefined,
    (framework) => answer(framework, framework.stream!),
    superseded,
  );
}
