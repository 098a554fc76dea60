/**
 * Contexts and payloads as JSON that people can read: what JSON has no word for is put in words, and what is too much
 * is cut, with a mark that says so. Never throws for what charts can hold; what is returned is a copy.
 */

const STRING_MAX = 4096;
const ITEMS_MAX = 100;
const DEPTH_MAX = 8;
/** Of one value, with everything inside: a context that holds the world is shown in part. */
const NODES_MAX = 5000;
/** No chart holds secrets; one that did by mistake would show them to everybody. */
const SECRET = /secret|passw|token|digest|credential|authorization|private.?key/i;

export function readable(value: unknown): unknown {
  return new Reading().read(value, 0);
}

class Reading {
  private nodes = 0;
  private readonly inside = new Set<object>();

  read(value: unknown, depth: number): unknown {
    this.nodes += 1;
    if (this.nodes > NODES_MAX) return '(cut)';
    switch (typeof value) {
      case 'string':
        return cutString(value);
      case 'number':
        return Number.isFinite(value) ? value : `(${value})`;
      case 'boolean':
        return value;
      case 'undefined':
        return '(undefined)';
      case 'bigint':
        return `${value}n`;
      case 'symbol':
        return `(${String(value)})`;
      case 'function':
        return `(function ${value.name || 'without a name'})`;
      default:
        return value === null ? null : this.readObject(value as object, depth);
    }
  }

  private readObject(value: object, depth: number): unknown {
    if (this.inside.has(value)) return '(circular)';
    if (depth >= DEPTH_MAX) return '(cut: nested too deeply)';
    this.inside.add(value);
    const read = this.readKind(value, depth + 1);
    this.inside.delete(value);
    return read;
  }

  private readKind(value: object, depth: number): unknown {
    if (Array.isArray(value)) return this.readItems(value, value.length, depth);
    if (value instanceof Date) return Number.isNaN(value.getTime()) ? '(no date)' : value.toJSON();
    if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer)
      return `(${value.byteLength} bytes)`;
    if (value instanceof Set) return { '(Set)': this.readItems(value, value.size, depth) };
    if (value instanceof Map) return { '(Map)': this.readEntries(value, value.size, depth) };
    if (value instanceof Error) return { name: value.name, message: cutString(value.message) };
    const names = Object.keys(value);
    const fields = names.map((name) => [name, (value as Record<string, unknown>)[name]] as const);
    return this.readEntries(fields, names.length, depth);
  }

  private readItems(items: Iterable<unknown>, count: number, depth: number): unknown[] {
    const read: unknown[] = [];
    for (const item of items) {
      if (read.length === ITEMS_MAX) {
        read.push(`(cut: ${count - ITEMS_MAX} more)`);
        break;
      }
      read.push(this.read(item, depth));
    }
    return read;
  }

  private readEntries(
    entries: Iterable<readonly [unknown, unknown]>,
    count: number,
    depth: number,
  ): Record<string, unknown> {
    // Without a prototype, so that a field of any name is one.
    const read: Record<string, unknown> = Object.create(null);
    let taken = 0;
    for (const [key, value] of entries) {
      if (taken === ITEMS_MAX) {
        read['(cut)'] = `${count - ITEMS_MAX} more`;
        break;
      }
      taken += 1;
      const name = typeof key === 'string' ? key : JSON.stringify(this.read(key, depth));
      read[name] = SECRET.test(name) ? '(hidden)' : this.read(value, depth);
    }
    return read;
  }
}

function cutString(value: string): string {
  if (value.length <= STRING_MAX) return value;
  return `${value.slice(0, STRING_MAX)} (cut: ${value.length - STRING_MAX} more characters)`;
}
