/** CRC-32 (IEEE 802.3, reflected), as zip and gzip use it. */
const table = new Uint32Array(256).map((_, index) => {
  let value = index;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value >>> 0;
});

export function crc32(bytes: Uint8Array): number {
  let checksum = 0xffffffff;
  for (let index = 0; index < bytes.length; index++)
    checksum = (checksum >>> 8) ^ table[(checksum ^ bytes[index]!) & 0xff]!;
  return (checksum ^ 0xffffffff) >>> 0;
}
