import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { dataForJson, decode, encode, pack, textOf, unpack, wholeCharacters } from './codec.ts';

const text = (value: string) => new TextEncoder().encode(value);

describe('decode', () => {
  test('tells JSON and MessagePack apart by the first byte', () => {
    expect(decode(text('{"a":1}'))).toEqual({ form: 'json', value: { a: 1 } });
    expect(decode(text(' \n{"a":1}'))).toEqual({ form: 'json', value: { a: 1 } });
    expect(decode(encode({ a: 1 }, 'msgpack'))).toEqual({ form: 'msgpack', value: { a: 1 } });
  });

  test('takes an empty payload for an empty object', () => {
    expect(decode(new Uint8Array())).toEqual({ form: 'json', value: {} });
  });

  test.each([
    ['no JSON', text('hello')],
    ['half an object', text('{"a":')],
    ['an array', text('[1]')],
    ['a number', text('42')],
    ['null', text('null')],
    ['broken UTF-8', new Uint8Array([0x7b, 0xff, 0x7d])],
    ['a MessagePack map that ends early', new Uint8Array([0x81, 0xa1])],
    ['a MessagePack map with bytes after it', new Uint8Array([0x80, 0x01, 0x02])],
    ['a MessagePack array', pack([1, 2])],
  ])('refuses %s with BAD_REQUEST', (_, bytes) => {
    expect(() => decode(bytes)).toThrow(expect.objectContaining({ code: 'BAD_REQUEST' }));
  });

  test('never throws anything but BAD_REQUEST, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          const { value } = decode(bytes);
          expect(typeof value).toBe('object');
        } catch (error) {
          expect(error).toMatchObject({ code: 'BAD_REQUEST' });
        }
      }),
      { numRuns: 2000 },
    );
  });
});

test('MessagePack is plain: maps with string keys, which other languages read', () => {
  const map16 = [0xde, 0x00, 0x02];
  expect([...encode({ a: 1, b: 'x' }, 'msgpack')]).toEqual([
    ...map16,
    0xa1,
    0x61,
    0x01,
    0xa1,
    0x62,
    0xa1,
    0x78,
  ]);
});

test('what is packed is read back equal, in both forms', () => {
  fc.assert(
    fc.property(
      fc.dictionary(
        // The one name that the reader changes, so that nobody gets at a prototype.
        fc.string().filter((name) => name !== '__proto__'),
        fc.oneof(
          fc.string(),
          fc.integer(),
          fc.boolean(),
          fc.constant(null),
          fc.array(fc.integer()),
        ),
      ),
      (value) => {
        expect(decode(encode(value, 'json')).value).toEqual(JSON.parse(JSON.stringify(value)));
        expect(unpack(pack(value))).toEqual({ ...value });
      },
    ),
  );
});

test('bytes stay bytes in MessagePack', () => {
  const { value } = decode(encode({ data: new Uint8Array([1, 2, 3]) }, 'msgpack'));
  expect([...(value.data as Uint8Array)]).toEqual([1, 2, 3]);
});

describe('dataForJson', () => {
  test.each([
    ['text', text('grün'), { data: 'grün' }],
    ['nothing', new Uint8Array(), { data: '' }],
    ['a byte order mark and text', new Uint8Array([0xef, 0xbb, 0xbf, 0x61]), { data: '\ufeffa' }],
    ['bytes that are not UTF-8', new Uint8Array([0xff, 0x00]), { dataBase64: '/wA=' }],
  ])('%s', (_, bytes, expected) => {
    expect(dataForJson(bytes)).toEqual(expected);
  });
});

describe('a piece of text ends with a whole character', () => {
  const all = new TextEncoder().encode('aé€😀b');
  test.each(Array.from({ length: all.length + 1 }, (_, end) => end))('cut at %i', (end) => {
    const whole = wholeCharacters(all.subarray(0, end));
    expect(end - whole).toBeLessThan(4);
    expect(textOf(all.subarray(0, whole))).toBeDefined();
  });

  test.each([[[0x80, 0x80, 0x80, 0x80]], [[0xe2]], [[0xf0, 0x9f]]])(
    '%j is no text, or nothing but a beginning: all of it goes',
    (bytes) => {
      expect(wholeCharacters(Uint8Array.from(bytes))).toBe(bytes.length);
    },
  );
});
