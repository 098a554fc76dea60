/** A fast 64-bit hash in two halves, for traces and for comparing values; not for anybody who means harm. */
export class Hash64 {
  private low = 0x811c9dc5;
  private high = 0x9e3779b9;

  number(value: number): this {
    this.mix(value | 0);
    this.mix(Math.floor(value / 0x1_0000_0000));
    return this;
  }

  text(text: string): this {
    for (let index = 0; index < text.length; index++) this.mix(text.charCodeAt(index));
    this.mix(-1);
    return this;
  }

  bytes(bytes: Uint8Array): this {
    for (let index = 0; index < bytes.length; index++) this.mix(bytes[index]!);
    this.mix(-2);
    return this;
  }

  digest(): string {
    const hex = (word: number) => (word >>> 0).toString(16).padStart(8, '0');
    return hex(this.high) + hex(this.low);
  }

  private mix(value: number): void {
    this.low = Math.imul(this.low ^ value, 0x01000193);
    this.high = (Math.imul(this.high ^ value, 0x85ebca6b) + (this.low >>> 15)) | 0;
  }
}
