// What travels beside an item, and whose memory the item's bytes are.
import { ENVELOPE_BYTES_MAX, partsOf, withEnvelope } from "@sluice/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeEnvelope, encodeEnvelope } from "../src/envelope.js";
import { copyOf, plain } from "../src/item-bytes.js";

const headers = fc.dictionary(fc.string({ maxLength: 20 }), fc.string({ maxLength: 20 }), { maxKeys: 5 });
const putTime = fc.double({ min: 0, max: 1e15, noNaN: true });

test("what is encoded is decoded unchanged", () => {
  const envelope = fc.record({
    putTime: fc.option(putTime, { nil: undefined }),
    headers: fc.option(headers, { nil: undefined }),
  });
  fc.assert(
    fc.property(envelope, (beside) => {
      const decoded = decodeEnvelope(encodeEnvelope(beside));
      expect(decoded.putTime).toBe(beside.putTime);
      expect(Object.entries(decoded.headers ?? {})).toEqual(Object.entries(beside.headers ?? {}));
    }),
  );
});

test("a put time costs nine bytes", () => {
  expect(encodeEnvelope({ putTime: 1 })).toHaveLength(9);
});

test("any bytes are decoded or refused with ITEM_UNDECODABLE, and nothing else happens", () => {
  const start = fc.constantFrom(0, 1, 2, 3, 4, 128, 255);
  fc.assert(
    fc.property(start, fc.uint8Array({ maxLength: 40 }), (flags, rest) => {
      try {
        decodeEnvelope(Uint8Array.from([flags, ...rest]));
      } catch (error) {
        expect(error).toMatchObject({ code: "ITEM_UNDECODABLE" });
      }
    }),
  );
});

test.each([
  ["flags 128", [0x80, 1, 2]],
  ["flags missing", []],
  ["ends within its put time", [1, 2, 3]],
  ["something stands behind it", [0, 1]],
  ["not JSON", [2, 0x7b]],
  ["not pairs of strings", [2, 0x5b, 0x31, 0x5d]],
])("one is refused: %s", (why, bytes) => {
  expect(() => decodeEnvelope(Uint8Array.from(bytes))).toThrow(why);
});

test("a medium that keeps an item and its envelope as one gets both back", () => {
  fc.assert(
    fc.property(
      fc.uint8Array(),
      fc.option(fc.uint8Array({ minLength: 1 }), { nil: undefined }),
      (item, envelope) => {
        const parts = partsOf(withEnvelope(item, envelope), envelope?.byteLength ?? 0);
        expect(parts.item).toEqual(item);
        expect(parts.envelope).toEqual(envelope);
      },
    ),
  );
});

describe("headers", () => {
  test("called __proto__ are headers", () => {
    const { headers } = decodeEnvelope(encodeEnvelope({ headers: JSON.parse('{ "__proto__": "a" }') }));
    expect(Object.getOwnPropertyNames(headers)).toEqual(["__proto__"]);
    expect(({} as Record<string, string>)["a"]).toBeUndefined();
  });

  test("fill an envelope to its limit, and not beyond", () => {
    // flags 1, [["a","…"]] 10 around the value.
    const most = ENVELOPE_BYTES_MAX - 1 - '[["a",""]]'.length;
    expect(encodeEnvelope({ headers: { a: "x".repeat(most) } })).toHaveLength(ENVELOPE_BYTES_MAX);
    expect(() => encodeEnvelope({ headers: { a: "x".repeat(most + 1) } })).toThrow(RangeError);
  });

  test("are strings", () => {
    expect(() => encodeEnvelope({ headers: { a: 1 as never } })).toThrow(TypeError);
  });

  test.each([[null], ["ab"], [5], [["a"]], [new Map([["a", "b"]])]])("are no %o", (headers) => {
    expect(() => encodeEnvelope({ headers: headers as never })).toThrow(/^Expected `headers` to be/);
  });
});

test("memory that copies of small items share is not handed over with one of them", async () => {
  const [first, second] = ["one".repeat(30), "two".repeat(30)];
  const [one, two] = [copyOf(Buffer.from(first)), copyOf(Buffer.from(second))];
  expect(one.buffer).toBe(two.buffer);
  // Refused, or copied: that depends on the version of Node.
  await new Promise<void>((resolve) => {
    const { port1, port2 } = new MessageChannel();
    try {
      port1.postMessage(one, [one.buffer as ArrayBuffer]);
    } catch {}
    port1.close();
    port2.close();
    resolve();
  });
  expect(Buffer.from(two).toString()).toBe(second);
});

test.each([3, 64, 65, 5_000])("an item of %i bytes is copied, and is a plain array", (length) => {
  const item = Buffer.alloc(length, 7);
  const copy = copyOf(item);
  item.fill(9);
  expect(copy.constructor).toBe(Uint8Array);
  expect(copy).toEqual(new Uint8Array(length).fill(7));
  expect(plain(item).constructor).toBe(Uint8Array);
  expect(plain(item)).toEqual(new Uint8Array(length).fill(9));
});

test("memory that another thread can write is copied too", () => {
  const shared = new Uint8Array(new SharedArrayBuffer(4));
  const copy = copyOf(shared);
  shared.fill(9);
  expect(copy).toEqual(new Uint8Array(4));
});
