// The envelope around the codec's bytes.
import { ENVELOPE_BYTES_MAX } from "@sluice/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { open, seal } from "../src/envelope.js";

const headers = fc.dictionary(fc.string({ maxLength: 20 }), fc.string({ maxLength: 20 }), { maxKeys: 5 });
const putTime = fc.double({ min: 0, max: 1e15, noNaN: true });

test("what is sealed is opened unchanged", () => {
  const envelope = fc.record({
    putTime: fc.option(putTime, { nil: undefined }),
    headers: fc.option(headers, { nil: undefined }),
  });
  fc.assert(
    fc.property(fc.uint8Array(), envelope, (body, beside) => {
      const sealed = seal(body, beside);
      const opened = open(sealed);
      expect(opened.body).toEqual(body);
      expect(opened.putTime).toBe(beside.putTime);
      expect(Object.entries(opened.headers ?? {})).toEqual(Object.entries(beside.headers ?? {}));
      // It is a copy: the caller may do with its bytes what it likes.
      body.fill(0xee);
      expect(open(sealed).body).toEqual(opened.body);
    }),
  );
});

test("an item without put time and headers costs one byte", () => {
  expect(seal(new Uint8Array(10), {})).toHaveLength(11);
  expect(seal(new Uint8Array(10), { putTime: 1 })).toHaveLength(19);
});

test("any bytes are opened or refused with ITEM_UNDECODABLE, and nothing else happens", () => {
  const start = fc.constantFrom(0, 1, 2, 3, 4, 128, 255);
  fc.assert(
    fc.property(start, fc.uint8Array({ maxLength: 40 }), (flags, rest) => {
      try {
        const opened = open(Uint8Array.from([flags, ...rest]));
        expect(opened.body.byteLength).toBeLessThanOrEqual(rest.byteLength);
      } catch (error) {
        expect(error).toMatchObject({ code: "ITEM_UNDECODABLE" });
      }
    }),
  );
});

describe("headers", () => {
  test("called __proto__ are headers", () => {
    const sealed = seal(new Uint8Array(), { headers: JSON.parse('{ "__proto__": "a" }') });
    const opened = open(sealed).headers;
    expect(Object.getOwnPropertyNames(opened)).toEqual(["__proto__"]);
    expect(({} as Record<string, string>)["a"]).toBeUndefined();
  });

  test("fill an envelope to its limit, and not beyond", () => {
    // flags 1, length 2, [["a","…"]] 11 around the value.
    const most = ENVELOPE_BYTES_MAX - 1 - 2 - '[["a",""]]'.length;
    expect(seal(new Uint8Array(), { headers: { a: "x".repeat(most) } })).toHaveLength(ENVELOPE_BYTES_MAX);
    expect(() => seal(new Uint8Array(), { headers: { a: "x".repeat(most + 1) } })).toThrow(RangeError);
  });

  test("are strings", () => {
    expect(() => seal(new Uint8Array(), { headers: { a: 1 as never } })).toThrow(TypeError);
  });

  test.each([[null], ["ab"], [5], [["a"]], [new Map([["a", "b"]])]])("are no %o", (headers) => {
    expect(() => seal(new Uint8Array(), { headers: headers as never })).toThrow(/^Expected `headers` to be/);
  });
});

test("memory that small items share is not handed over with one of them", async () => {
  const [first, second] = ["one".repeat(30), "two".repeat(30)];
  const [one, two] = [seal(Buffer.from(first)), seal(Buffer.from(second))];
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
  expect(Buffer.from(open(two).body).toString()).toBe(second);
});

test.each([3, 64, 65, 5_000])(
  "an item of %i bytes from a port that hands out Buffers is a plain array",
  (length) => {
    const { body } = open(Buffer.from(seal(new Uint8Array(length).fill(7))));
    expect(body.constructor).toBe(Uint8Array);
    expect(body).toEqual(new Uint8Array(length).fill(7));
  },
);

test("what is sealed is a copy, also of memory that another thread can write", () => {
  const shared = new Uint8Array(new SharedArrayBuffer(4));
  const sealed = seal(shared);
  shared.fill(9);
  expect(open(sealed).body).toEqual(new Uint8Array(4));
});
