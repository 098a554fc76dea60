/** The text of DIGEST-MD5's challenges and responses: `name=value` or `name="value"`, with commas between them. */

/** As RFC 2831 has it: a name that stands twice, or what is none of this, gives undefined. */
export function parseDirectives(text: string): ReadonlyMap<string, string> | undefined {
  const found = new Map<string, string>();
  const pattern = /[\s,]*([A-Za-z0-9-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s",]+))\s*(?=,|$)/suy;
  while (pattern.lastIndex < text.length) {
    const match = pattern.exec(text);
    if (match === null) return undefined;
    const [, name = '', quoted, plain = ''] = match;
    const key = name.toLowerCase();
    if (found.has(key)) return undefined;
    found.set(key, quoted === undefined ? plain : quoted.replace(/\\(.)/gsu, '$1'));
  }
  return found;
}

export function quoted(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}
