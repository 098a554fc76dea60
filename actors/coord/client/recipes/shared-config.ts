/**
 * A value that many programs read and follow: JSON in one znode (by custom under `/config`), checked with a schema. What is
 * not valid is told as a problem and changes nothing: the last valid value stands.
 */
import { z } from 'zod';
import { MesozooError } from '../../../../protocol/errors.ts';
import { parentOf } from '../../../../protocol/paths.ts';
import type { Answer } from '../contract.ts';
import { bytesOf, ensure, type RecipeParts, textOf } from './parts.ts';

export interface ConfigHandlers<Value> {
  /** `version` is the znode's, for a `set` that must not overwrite what it has not seen. */
  changed(value: Value, version: number): void;
  /** What is there now is not valid, or nothing is there. */
  wrong?(problem: string): void;
}

export class SharedConfig<Schema extends z.ZodType> {
  private readonly parts: RecipeParts;
  private readonly path: string;
  private readonly schema: Schema;

  constructor(parts: RecipeParts, path: string, schema: Schema) {
    this.parts = parts;
    this.path = path;
    this.schema = schema;
  }

  watch(handlers: ConfigHandlers<z.output<Schema>>): { stop(): void } {
    return this.parts.client.follow('get', this.path, (answer) => {
      if (!answer.ok) {
        if (answer.error.code === 'NO_NODE') handlers.wrong?.(`${this.path} does not exist`);
        return;
      }
      if (answer.value.kind !== 'get') return;
      const read = this.read(answer.value.data);
      if (read.ok) handlers.changed(read.value, answer.value.version);
      else handlers.wrong?.(read.error.message);
    });
  }

  /**
   * Answered with the new version. BAD_REQUEST when the value is not valid; BAD_VERSION when another version than the one
   * that is given is there. Made with its parents where it is missing and no version is given.
   */
  set(
    value: z.input<Schema>,
    done: (answer: Answer<number>) => void,
    version: number | undefined = undefined,
  ): void {
    const parsed = this.schema.safeParse(value);
    if (!parsed.success) {
      const problem = new MesozooError('BAD_REQUEST', z.prettifyError(parsed.error));
      this.parts.clock.after(0, () => done({ ok: false, error: problem }));
      return;
    }
    const data = bytesOf(JSON.stringify(value));
    const request = { path: this.path, data, ...(version !== undefined && { version }) };
    this.parts.client.request('set', request, (answer) => {
      if (answer.ok) done({ ok: true, value: answer.value.stat.version });
      else if (answer.error.code !== 'NO_NODE' || version !== undefined) done(answer);
      else this.create(value, data, done);
    });
  }

  private create(
    value: z.input<Schema>,
    data: Uint8Array,
    done: (answer: Answer<number>) => void,
  ): void {
    ensure(this.parts, parentOf(this.path), (error) => {
      if (error !== undefined) {
        done({ ok: false, error });
        return;
      }
      this.parts.client.request('create', { path: this.path, data }, (answer) => {
        if (answer.ok) done({ ok: true, value: answer.value.stat.version });
        else if (answer.error.code === 'NODE_EXISTS') this.set(value, done);
        else done(answer);
      });
    });
  }

  private read(data: Uint8Array): Answer<z.output<Schema>> {
    try {
      const parsed = this.schema.safeParse(JSON.parse(textOf(data)));
      if (parsed.success) return { ok: true, value: parsed.data };
      return wrong(`${this.path} is not valid: ${z.prettifyError(parsed.error)}`);
    } catch (error) {
      if (error instanceof SyntaxError) return wrong(`${this.path} is no JSON`);
      throw error;
    }
  }
}

function wrong(text: string): Answer<never> {
  return { ok: false, error: new MesozooError('BAD_REQUEST', text) };
}
