/**
 * Endpoints as NATS services (ADR-32): answers `$SRV.PING`, `INFO` and `STATS`.
 *
 * The `nats` package has services too, but cannot take a single endpoint back, as a leader does that is deposed, and
 * counts a request as answered when its handler returns, while our actors answer later. So this is our own: an
 * endpoint's time runs until the answer is published, and an answer with an error counts as one.
 */
import { z } from 'zod';
import type { Delivery, Endpoint } from '../actors/actor.ts';
import { isInbox } from '../protocol/subjects.ts';

/** Requests whose time is measured at one time; beyond it the oldest are counted without one. */
const OPEN_REQUESTS_MAX = 20_000;
const INVALID_NAME = /[^A-Za-z0-9_-]/;

export interface ServiceHost {
  subscribe(subject: string, handler: (delivery: Delivery) => void): { unsubscribe(): void };
  publish(subject: string, payload: Uint8Array): void;
  nowMs(): number;
  newId(): string;
  readonly version: string;
  /** What stands in the metadata of every service: who offers it. */
  readonly metadata: Readonly<Record<string, string>>;
}

interface OpenEndpoint {
  readonly endpoint: Endpoint;
  requests: number;
  errors: number;
  lastError: string;
  processingNanoseconds: number;
}

interface Service {
  readonly name: string;
  readonly id: string;
  readonly started: string;
  readonly endpoints: Set<OpenEndpoint>;
  readonly subscriptions: { unsubscribe(): void }[];
}

const text = new TextEncoder();

export class ServiceRegistry {
  private readonly host: ServiceHost;
  private readonly services = new Map<string, Service>();
  /** By reply subject. */
  private readonly openRequests = new Map<
    string,
    { readonly endpoint: OpenEndpoint; readonly startedMs: number }
  >();

  constructor(host: ServiceHost) {
    this.host = host;
  }

  add(endpoint: Endpoint): { received(reply: string | undefined): void; remove(): void } {
    if (INVALID_NAME.test(endpoint.service) || INVALID_NAME.test(endpoint.name))
      throw new TypeError(`not a NATS service name: ${endpoint.service} ${endpoint.name}`);
    const service = this.services.get(endpoint.service) ?? this.open(endpoint.service);
    const open: OpenEndpoint = {
      endpoint,
      requests: 0,
      errors: 0,
      lastError: '',
      processingNanoseconds: 0,
    };
    service.endpoints.add(open);
    return {
      received: (reply) => this.received(open, reply),
      remove: () => {
        if (!service.endpoints.delete(open)) return;
        if (service.endpoints.size === 0) this.close(service);
      },
    };
  }

  /** To be told of everything that is published. */
  published(subject: string, error: string | undefined): void {
    if (this.openRequests.size === 0) return;
    const request = this.openRequests.get(subject);
    if (request === undefined) return;
    this.openRequests.delete(subject);
    const { endpoint, startedMs } = request;
    endpoint.processingNanoseconds += Math.round((this.host.nowMs() - startedMs) * 1e6);
    if (error !== undefined) {
      endpoint.errors += 1;
      endpoint.lastError = error;
    }
  }

  private received(endpoint: OpenEndpoint, reply: string | undefined): void {
    endpoint.requests += 1;
    if (reply === undefined) return;
    if (this.openRequests.size >= OPEN_REQUESTS_MAX) {
      const oldest = this.openRequests.keys().next().value;
      if (oldest !== undefined) this.openRequests.delete(oldest);
    }
    this.openRequests.set(reply, { endpoint, startedMs: this.host.nowMs() });
  }

  private open(name: string): Service {
    const service: Service = {
      name,
      id: this.host.newId(),
      started: new Date().toISOString(),
      endpoints: new Set(),
      subscriptions: [],
    };
    const verbs: readonly [string, () => object][] = [
      ['PING', () => this.identity(service, 'ping')],
      ['INFO', () => this.info(service)],
      ['STATS', () => this.stats(service)],
    ];
    for (const [verb, answer] of verbs)
      for (const subject of [
        `$SRV.${verb}`,
        `$SRV.${verb}.${name}`,
        `$SRV.${verb}.${name}.${service.id}`,
      ])
        service.subscriptions.push(
          this.host.subscribe(subject, ({ reply }) => {
            if (reply !== undefined && isInbox(reply))
              this.host.publish(reply, text.encode(JSON.stringify(answer())));
          }),
        );
    this.services.set(name, service);
    return service;
  }

  private close(service: Service): void {
    this.services.delete(service.name);
    for (const subscription of service.subscriptions) subscription.unsubscribe();
  }

  private identity(service: Service, type: 'ping' | 'info' | 'stats'): object {
    return {
      type: `io.nats.micro.v1.${type}_response`,
      name: service.name,
      id: service.id,
      version: this.host.version,
      metadata: this.host.metadata,
    };
  }

  private info(service: Service): object {
    const endpoints = [...service.endpoints].map(({ endpoint }) => ({
      name: endpoint.name,
      subject: endpoint.subject,
      queue_group: endpoint.queue,
      metadata: metadataOf(endpoint),
    }));
    const description = [...service.endpoints]
      .map(({ endpoint }) => `${endpoint.name}: ${endpoint.description ?? endpoint.subject}`)
      .join(' ');
    return { ...this.identity(service, 'info'), description, endpoints };
  }

  private stats(service: Service): object {
    const endpoints = [...service.endpoints].map((open) => ({
      name: open.endpoint.name,
      subject: open.endpoint.subject,
      queue_group: open.endpoint.queue,
      num_requests: open.requests,
      num_errors: open.errors,
      last_error: open.lastError,
      processing_time: open.processingNanoseconds,
      average_processing_time:
        open.requests === 0 ? 0 : Math.round(open.processingNanoseconds / open.requests),
    }));
    return { ...this.identity(service, 'stats'), started: service.started, endpoints };
  }
}

/**
 * ADR-32 leaves the words of the metadata, which are strings, to the service: the description, and the schema of the
 * request as a JSON Schema.
 */
function metadataOf({ description, schema }: Endpoint): Record<string, string> {
  return {
    ...(description !== undefined && { description }),
    ...(schema !== undefined && { request_schema: requestSchema(schema) }),
  };
}

/** Made when somebody asks for the first time: a conversion takes about a millisecond. */
const requestSchemas = new WeakMap<z.ZodType, string>();

function requestSchema(schema: z.ZodType): string {
  const made = requestSchemas.get(schema);
  if (made !== undefined) return made;
  const json = JSON.stringify(
    z.toJSONSchema(schema, {
      io: 'input',
      unrepresentable: 'any',
      override: ({ zodSchema, jsonSchema }) => {
        if (zodSchema._zod.def.type === 'custom') jsonSchema.description = 'bytes, in MessagePack';
      },
    }),
  );
  requestSchemas.set(schema, json);
  return json;
}
