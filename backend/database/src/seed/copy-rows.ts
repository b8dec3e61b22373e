/** "PGCOPY\n\377\r\n\0", no flags, no header extension. */
const header = [0x50, 0x47, 0x43, 0x4f, 0x50, 0x59, 0x0a, 0xff, 0x0d, 0x0a, 0x00, 0, 0, 0, 0, 0, 0, 0, 0];
/** 2000-01-01, from which PostgreSQL counts microseconds. */
const postgresEpoch = 946_684_800_000;
const words = new Map<string, Uint8Array>();
const spare = 4_096;

/**
 * Rows in the format of `COPY ... WITH (FORMAT binary)`. Reading it costs the server a third of what text costs: a
 * timestamp as text is parsed for half a microsecond, and a profile has six. One field after the other, in the order of the columns.
 */
export class CopyRows {
  #bytes: Buffer;
  #view: DataView;
  #at = header.length;
  #fields = 0;
  rows = 0;

  constructor(size = 1 << 20) {
    this.#bytes = Buffer.allocUnsafeSlow(size);
    this.#view = new DataView(this.#bytes.buffer);
    this.#bytes.set(header);
  }

  /** Begins a row of so many fields. */
  row(fields: number): this {
    if (this.#bytes.length - this.#at < spare) this.#grow();
    this.#view.setInt16(this.#at, fields);
    this.#at += 2;
    this.#fields = fields;
    this.rows += 1;
    return this;
  }

  int2(value: number): this {
    this.#length(2);
    this.#view.setInt16(this.#at, value);
    this.#at += 2;
    return this;
  }

  int4(value: number | null): this {
    if (value === null) return this.#null();
    this.#length(4);
    this.#view.setInt32(this.#at, value);
    this.#at += 4;
    return this;
  }

  /** A number up to 2^53, or decimal digits beyond. */
  int8(value: number | string | null): this {
    if (value === null) return this.#null();
    this.#length(8);
    if (typeof value === 'string') this.#view.setBigInt64(this.#at, BigInt(value));
    else this.#number(value);
    this.#at += 8;
    return this;
  }

  float4(value: number | null): this {
    if (value === null) return this.#null();
    this.#length(4);
    this.#view.setFloat32(this.#at, value);
    this.#at += 4;
    return this;
  }

  bool(value: boolean): this {
    this.#length(1);
    this.#bytes[this.#at] = value ? 1 : 0;
    this.#at += 1;
    return this;
  }

  /** Milliseconds since 1970. */
  time(ms: number | null): this {
    return this.int8(ms === null ? null : Math.round((ms - postgresEpoch) * 1_000));
  }

  /** Any text that is short. */
  text(value: string | null): this {
    if (value === null) return this.#null();
    const length = this.#bytes.write(value, this.#at + 4);
    this.#length(length);
    this.#at += length;
    return this;
  }

  /** A word of an enum: one of a few. */
  word(value: string): this {
    const bytes = words.get(value) ?? bytesOf(value);
    this.#length(bytes.length);
    this.#bytes.set(bytes, this.#at);
    this.#at += bytes.length;
    return this;
  }

  /** Begins anew in the same memory. */
  clear(): void {
    this.#at = header.length;
    this.rows = 0;
  }

  /** All rows, with the format's end; they are gone with the next `clear`. */
  bytes(): Uint8Array {
    this.#view.setInt16(this.#at, -1);
    return this.#bytes.subarray(0, this.#at + 2);
  }

  #number(value: number): void {
    const high = Math.floor(value / 2 ** 32);
    this.#view.setInt32(this.#at, high);
    this.#view.setUint32(this.#at + 4, value - high * 2 ** 32);
  }

  #null(): this {
    this.#length(-1);
    return this;
  }

  #length(bytes: number): void {
    if (this.#fields-- === 0) throw new RangeError('a field more than the row has');
    this.#view.setInt32(this.#at, bytes);
    this.#at += 4;
  }

  #grow(): void {
    const bytes = Buffer.allocUnsafeSlow(this.#bytes.length * 2);
    bytes.set(this.#bytes.subarray(0, this.#at));
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer);
  }
}

function bytesOf(word: string): Uint8Array {
  const bytes = Buffer.from(word);
  words.set(word, bytes);
  return bytes;
}
