/** Fields one behind the other: written into a buffer that was measured before, read with every length checked. */

/** What came is not a message of this protocol. */
export class Malformed extends Error {}

/** Writes fields, little-endian, into bytes that are long enough. */
export class FieldWriter {
  readonly bytes: Buffer;
  at = 0;

  constructor(length: number) {
    this.bytes = Buffer.allocUnsafe(length);
  }

  u8(value: number): this {
    this.bytes[this.at] = value;
    this.at += 1;
    return this;
  }

  u16(value: number): this {
    this.at = this.bytes.writeUInt16LE(value, this.at);
    return this;
  }

  u32(value: number): this {
    this.at = this.bytes.writeUInt32LE(value, this.at);
    return this;
  }

  f64(value: number): this {
    this.at = this.bytes.writeDoubleLE(value, this.at);
    return this;
  }

  raw(value: Uint8Array): this {
    this.bytes.set(value, this.at);
    this.at += value.byteLength;
    return this;
  }

  /** Its length in UTF-8 (2), and then it. Measure it with `textLength`. */
  text(value: string): this {
    const length = this.bytes.write(value, this.at + 2);
    this.bytes.writeUInt16LE(length, this.at);
    this.at += 2 + length;
    return this;
  }
}

/** Of a text with its length before it. */
export function textLength(value: string): number {
  return 2 + Buffer.byteLength(value);
}

/** Reads fields from bytes of somebody who may be anybody. Every method throws `Malformed` where something is missing. */
export class FieldReader {
  readonly bytes: Buffer;
  at: number;
  readonly end: number;

  constructor(bytes: Buffer, at = 0, end: number = bytes.byteLength) {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
  }

  get left(): number {
    return this.end - this.at;
  }

  u8(): number {
    return this.bytes[this.#take(1)] as number;
  }

  u16(): number {
    return this.bytes.readUInt16LE(this.#take(2));
  }

  u32(): number {
    return this.bytes.readUInt32LE(this.#take(4));
  }

  f64(): number {
    return this.bytes.readDoubleLE(this.#take(8));
  }

  /** An integer from `min` up that a double holds exactly. */
  integer(min = 0): number {
    const value = this.f64();
    if (!Number.isSafeInteger(value) || value < min) throw new Malformed(`a number ${value}`);
    return value;
  }

  /** A view, not a copy. */
  raw(length: number): Buffer {
    const start = this.#take(length);
    return this.bytes.subarray(start, start + length);
  }

  /** The same, as plain bytes: a `Buffer` costs twice as much to make. */
  view(length: number): Uint8Array {
    const start = this.#take(length);
    return new Uint8Array(this.bytes.buffer, this.bytes.byteOffset + start, length);
  }

  text(): string {
    const length = this.u16();
    const start = this.#take(length);
    return this.bytes.toString("utf8", start, start + length);
  }

  /** A part of its own, of so many bytes. */
  part(length: number): FieldReader {
    const start = this.#take(length);
    return new FieldReader(this.bytes, start, start + length);
  }

  /** Nothing may be left. */
  done(): void {
    if (this.at !== this.end) throw new Malformed(`${this.left} bytes too many`);
  }

  #take(length: number): number {
    const start = this.at;
    if (length > this.end - start) throw new Malformed(`${length} bytes expected, ${this.end - start} there`);
    this.at = start + length;
    return start;
  }
}
