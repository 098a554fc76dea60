/** The alternative names of a certificate's subject (RFC 5280, section 4.2.1.6), written as Java writes them. */
import { type DerValue, derAt, derValue, derValues, objectIdOf, tags } from './der.ts';
import { nameText } from './subject-name.ts';

export interface AlternativeName {
  /** The number of its kind: 1 is an e-mail address, 2 a host, 4 a directory name, 6 a URI, 7 an address, 8 an id. */
  readonly type: number;
  readonly text: string;
}

const SUBJECT_ALTERNATIVE_NAME = '2.5.29.17';
/** Of the extensions, tagged [3]. */
const EXTENSIONS_TAG = 0xa3;
/** The class "context specific", and whether it is constructed. */
const TAG_FLAGS = 0xe0;

/** Of a certificate in DER; those that are no text are left out. Throws RangeError for what is no certificate. */
export function alternativeNames(certificate: Buffer): readonly AlternativeName[] {
  const fields = derValues(derAt(derValue(certificate), 0).content);
  const extensions = fields.find(({ tag }) => tag === EXTENSIONS_TAG);
  if (extensions === undefined) return [];
  const found = derValues(derAt(extensions, 0).content).find(
    (extension) => objectIdOf(derAt(extension, 0)) === SUBJECT_ALTERNATIVE_NAME,
  );
  if (found === undefined) return [];
  // Whether it is critical may stand between.
  const value = derValues(found.content).find(({ tag }) => tag === tags.octets);
  if (value === undefined) throw new RangeError('an extension has no value');
  return derValues(derValue(value.content).content).flatMap((name) => {
    const type = name.tag & ~TAG_FLAGS;
    const text = textOf(type, name);
    return text === undefined ? [] : [{ type, text }];
  });
}

function textOf(type: number, name: DerValue): string | undefined {
  switch (type) {
    case 1:
    case 2:
    case 6:
      return name.content.toString('latin1');
    case 4:
      return nameText(derValue(name.content));
    case 7:
      return addressText(name.content);
    case 8:
      return objectIdOf(name);
    default:
      return undefined;
  }
}

/** Java shortens none of the zeros of an IPv6 address. */
function addressText(bytes: Buffer): string {
  if (bytes.length === 4) return bytes.join('.');
  const groups = Array.from({ length: bytes.length / 2 }, (_, index) =>
    bytes.readUInt16BE(index * 2).toString(16),
  );
  return groups.join(':');
}
