/** The syntax of Java's properties, in which a zoo.cfg is written. */

export interface Property {
  readonly key: string;
  readonly value: string;
  /** Of the file, from 1: where the property begins. */
  readonly line: number;
}

/** In the order of the file; of a key that stands twice Java keeps the last, and so should whoever reads these. */
export function parseProperties(text: string): readonly Property[] {
  return logicalLines(text).flatMap(({ content, line }) => {
    const match = /^((?:[^\\=:\s]|\\.)*)(?:\s*[=:]\s*|\s+|$)(.*)$/su.exec(content);
    // Every line matches: key, separator and value may each be empty.
    const [, key = '', value = ''] = match ?? [];
    return key === '' ? [] : [{ key: unescaped(key), value: unescaped(value).trim(), line }];
  });
}

/** For others' eyes: the text as it is, without what its passwords and hashes of passwords are. */
export function withoutSecrets(text: string): string {
  const secret =
    /^([ \t]*[^\s=:#!]*(?:password|superDigest)(?:[ \t]*[=:][ \t]*|[ \t]+))(?:[^\n]*\\\r?\n)*[^\r\n]*/gim;
  return text.replace(secret, '$1***');
}

/** Without comments and empty lines; a backslash at its end joins a line with the next. */
function logicalLines(text: string): { readonly content: string; readonly line: number }[] {
  const found: { content: string; line: number }[] = [];
  let open: { content: string; line: number } | undefined;
  for (const [index, raw] of text.split(/\r\n|\r|\n/).entries()) {
    const content = raw.trimStart();
    if (open === undefined && /^([#!]|$)/.test(content)) continue;
    const isJoined = (/\\*$/.exec(content)?.[0].length ?? 0) % 2 === 1;
    const part = isJoined ? content.slice(0, -1) : content;
    open ??= { content: '', line: index + 1 };
    open.content += part;
    if (isJoined) continue;
    found.push(open);
    open = undefined;
  }
  return open === undefined ? found : [...found, open];
}

const escapes: Readonly<Record<string, string>> = { t: '\t', n: '\n', r: '\r', f: '\f' };

function unescaped(text: string): string {
  return text.replace(/\\(?:u([0-9A-Fa-f]{4})|(.))/gs, (_, code?: string, letter?: string) =>
    code === undefined
      ? (escapes[letter as string] ?? (letter as string))
      : String.fromCharCode(Number.parseInt(code, 16)),
  );
}
