/**
 * The subject of a certificate as Java's `X500Principal.getName()` writes it (RFC 2253, most specific part first): it
 * stands in ACLs as the id of scheme x509, so it must be that text to the letter.
 */
import { type DerValue, derAt, derValue, derValues, objectIdOf } from './der.ts';

/** RFC 2253, section 2.3: every other kind has its number. */
const keywords: Readonly<Record<string, string>> = {
  '2.5.4.3': 'CN',
  '2.5.4.7': 'L',
  '2.5.4.8': 'ST',
  '2.5.4.10': 'O',
  '2.5.4.11': 'OU',
  '2.5.4.6': 'C',
  '2.5.4.9': 'STREET',
  '0.9.2342.19200300.100.1.25': 'DC',
  '0.9.2342.19200300.100.1.1': 'UID',
};

/** The version, tagged [0], is left out of certificates of version 1. */
const VERSION_TAG = 0xa0;
/** After it: serial number, algorithm, issuer, validity. */
const SUBJECT_INDEX = 4;

/** Of a certificate in DER; throws RangeError for what is none. */
export function subjectName(certificate: Buffer): string {
  const fields = derValues(derAt(derValue(certificate), 0).content);
  const offset = fields[0]?.tag === VERSION_TAG ? 1 : 0;
  const subject = fields[SUBJECT_INDEX + offset];
  if (subject === undefined) throw new RangeError('a certificate has no subject');
  return nameText(subject);
}

/** Of a distinguished name, a sequence of its parts. */
export function nameText(name: DerValue): string {
  return derValues(name.content)
    .map((part) => derValues(part.content).map(attribute).join('+'))
    .reverse()
    .join(',');
}

function attribute(pair: DerValue): string {
  const id = objectIdOf(derAt(pair, 0));
  const value = derAt(pair, 1);
  const keyword = keywords[id];
  const text = textOf(value);
  if (keyword === undefined || text === undefined)
    return `${keyword ?? id}=#${value.encoded.toString('hex')}`;
  return `${keyword}=${escaped(text)}`;
}

/** Undefined for what is no text. */
function textOf({ tag, content }: DerValue): string | undefined {
  switch (tag) {
    case 0x0c: // UTF8String
      return content.toString('utf8');
    case 0x13: // PrintableString
    case 0x14: // T61String
    case 0x16: // IA5String
    case 0x1b: // GeneralString
      return content.toString('latin1');
    case 0x1e: // BMPString
      return Buffer.from(content).swap16().toString('utf16le');
    default:
      return undefined;
  }
}

function escaped(text: string): string {
  return text
    .replace(/[,=+<>#;"\\]/g, '\\$&')
    .replaceAll('\0', '\\00')
    .replace(/^ +| +$/g, (spaces) => '\\ '.repeat(spaces.length));
}
