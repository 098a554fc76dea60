/** What `mesozoo up` can be told. */
import { z } from 'zod';
import { MesozooError } from '../../protocol/errors.ts';
import { DataDirectory } from './data-directory.ts';

/** Task ports are moved by the offset too: all must stay below 65536. */
const PORT_OFFSET_MAX = 30_000;

/** A number in words; `Number` alone would take "" and "0x3". */
const count = (least: number, most: number) => {
  const asked = `expected a whole number from ${least} to ${most}`;
  return z.coerce
    .string()
    .regex(/^\d+$/, asked)
    .transform(Number)
    .refine((value) => value >= least && value <= most, asked);
};

const schema = z.strictObject({
  example: z.boolean().default(true),
  data: z.string().min(1).default('.mesozoo'),
  coords: count(1, 7).optional(),
  masters: count(1, 9).default(2),
  agents: count(0, 100).default(3),
  portOffset: count(0, PORT_OFFSET_MAX).default(0),
  nats: z.string().min(1).optional(),
  zooCfg: z.string().min(1).optional(),
  detach: z.boolean().default(false),
  logLevel: z.enum(['debug', 'info', 'warn', 'error']).default('info'),
});
export type UpOptions = z.output<typeof schema>;

/** Throws BAD_ARGUMENT that names the option. */
export function readUpOptions(given: Readonly<Record<string, unknown>>): UpOptions {
  const result = schema.safeParse(given);
  if (result.success) return result.data;
  const problems = result.error.issues.map((issue) => {
    const option = String(issue.path[0] ?? '').replace(
      /[A-Z]/g,
      (upper) => `-${upper.toLowerCase()}`,
    );
    const value = given[String(issue.path[0])];
    return `--${option}: ${issue.message}${value === undefined ? '' : ` (given: ${String(value)})`}`;
  });
  throw new MesozooError('BAD_ARGUMENT', problems.join('; '));
}

export function dataDirectoryOf(options: { readonly data?: string | undefined }): DataDirectory {
  return new DataDirectory(options.data ?? '.mesozoo');
}
