/**
 * Writes `docs/reference/*.md` from the definitions: `npm run docs`. `referencePages` is compared with the files by a
 * test, so that the pages never fall behind the code.
 */
import { z } from 'zod';
import { errorCatalogue } from '../errors.ts';
import { inspectStart } from '../inspection-api.ts';
import { limits } from '../limits.ts';
import { subjectTable } from '../subjects.ts';
import { taskRequests } from '../task-api.ts';
import { sessionRequests, znodeRequests } from '../znode-api.ts';

interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly default?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly maxItems?: number;
  readonly maxLength?: number;
  readonly additionalProperties?: JsonSchema | boolean;
  readonly description?: string;
}

/** File name in docs/reference → content. */
export function referencePages(): Readonly<Record<string, string>> {
  return {
    'subjects.md': subjectsPage(),
    'errors.md': errorsPage(),
    'limits.md': limitsPage(),
  };
}

const generated = '<!-- Generated from protocol/ by `npm run docs`. -->';

function subjectsPage(): string {
  const rows = subjectTable.map(
    (row) =>
      `| \`mz.${row.pattern}\` | ${row.kind} | ${row.publishes.join(', ')} | ${row.listens.join(', ')} | ${row.description} |`,
  );
  const requests = [
    ...Object.entries(taskRequests).map(([name, schema]) =>
      requestSection(`mz.task.${name}`, schema),
    ),
    ...Object.entries(znodeRequests).map(([name, schema]) =>
      requestSection(`mz.znode.${name}`, schema),
    ),
    ...Object.entries(sessionRequests).map(([name, schema]) =>
      requestSection(`mz.session.${name}`, schema),
    ),
    requestSection('mz.inspect.start', inspectStart),
  ];
  return [
    '# Subjects',
    generated,
    '',
    'The first token is the name of the cluster, `mz` by default. Payloads are JSON or MessagePack, and the answer comes in the form of the question.',
    'An error is `{"error": {"code", "message", "definite"}}`; see [errors](errors.md). Bounds are in [limits](limits.md).',
    '',
    '| subject | kind | published by | read by | what |',
    '| --- | --- | --- | --- | --- |',
    ...rows,
    '',
    '## Requests',
    '',
    'Fields without a default are required unless marked optional. A field that is not listed is refused by name.',
    '',
    ...requests,
  ].join('\n');
}

function requestSection(subject: string, schema: z.ZodType): string {
  const json = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as JsonSchema;
  const properties = Object.entries(json.properties ?? {});
  const described = properties.some(([, { description }]) => description !== undefined);
  const fields = properties.map(([name, field]) => {
    const presence = json.required?.includes(name)
      ? 'required'
      : field.default !== undefined
        ? `default \`${JSON.stringify(field.default)}\``
        : 'optional';
    return `| \`${name}\` | ${describe(field)} | ${presence} |${described ? ` ${field.description ?? ''} |` : ''}`;
  });
  return [
    `### \`${subject}\``,
    '',
    `| field | type | |${described ? ' |' : ''}`,
    `| --- | --- | --- |${described ? ' --- |' : ''}`,
    ...fields,
    '',
  ].join('\n');
}

/** One line a person can read, for example `array of string, at most 256`. */
function describe(schema: JsonSchema): string {
  const alternatives = schema.anyOf ?? schema.oneOf;
  if (alternatives !== undefined) return alternatives.map(describe).join(' or ');
  if (schema.enum !== undefined)
    return schema.enum.map((value) => `\`${String(value)}\``).join(', ');
  if (schema.const !== undefined) return `\`${String(schema.const)}\``;
  if (schema.type === 'array')
    return `array of ${schema.items === undefined ? 'values' : describe(schema.items)}${bound(schema.maxItems, 'at most')}`;
  if (schema.type === 'object') {
    if (schema.properties !== undefined) return `{ ${Object.keys(schema.properties).join(', ')} }`;
    return typeof schema.additionalProperties === 'object'
      ? `map to ${describe(schema.additionalProperties)}`
      : 'object';
  }
  if (schema.type === undefined) return 'bytes (MessagePack)';
  const low =
    schema.exclusiveMinimum === undefined
      ? bound(schema.minimum, 'from')
      : bound(schema.exclusiveMinimum, 'above');
  return `${schema.type}${low}${bound(schema.maximum, 'to')}${bound(schema.maxLength, 'at most')}`;
}

function bound(value: number | undefined, word: string): string {
  return value === undefined ? '' : ` ${word} ${value}`;
}

function errorsPage(): string {
  const rows = Object.entries(errorCatalogue).map(([code, kind]) => {
    const number = 'zookeeper' in kind ? String(kind.zookeeper) : '';
    return `| \`${code}\` | ${kind.definite ? 'yes' : 'no'} | ${number} | ${kind.meaning} |`;
  });
  return [
    '# Errors',
    generated,
    '',
    'Definite: nothing was changed. Otherwise the request may have been carried out.',
    '',
    '| code | definite | ZooKeeper | meaning |',
    '| --- | --- | --- | --- |',
    ...rows,
    '',
  ].join('\n');
}

function limitsPage(): string {
  const rows = Object.entries(limits).map(([name, value]) => `| \`${name}\` | ${value} |`);
  return [
    '# Limits',
    generated,
    '',
    'What each is for stands in `protocol/limits.ts`.',
    '',
    '| name | value |',
    '| --- | --- |',
    ...rows,
    '',
  ].join('\n');
}
