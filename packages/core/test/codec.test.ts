// Values to bytes and back: what each of core's codecs carries, and what it refuses.
import { runInNewContext } from "node:vm";
import { bytes, type Codec, json, structured } from "@sluice/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";

function trip<T>(codec: Codec<T>, value: T): T {
  // As it is on the way: a part of a larger piece of memory.
  const encoded = codec.encode(value);
  const around = new Uint8Array(encoded.byteLength + 2);
  around.set(encoded, 1);
  return codec.decode(around.subarray(1, -1));
}

describe("json", () => {
  test("carries every JSON value unchanged", () => {
    // fc.jsonValue has -0, which JSON writes as 0.
    const value = fc
      .jsonValue({ noUnicodeString: false } as never)
      .map((v) => JSON.parse(JSON.stringify(v)) as never);
    fc.assert(
      fc.property(value, (v) => {
        expect(trip(json, v)).toEqual(v);
      }),
    );
  });

  test.each([
    ["falsy values", [0, "", false, null, [], {}]],
    ["odd strings", ["\0", "\u2028", "😀", "שלום", "\ufeff at the start"]],
    ["a lone surrogate, as it was", "a\ud800b"],
    ["a key called __proto__, as a key", JSON.parse('{ "__proto__": { "polluted": true } }')],
    ["a key called toString", { toString: "a" }],
  ])("carries %s", (_what, value) => {
    const back = trip(json, value);
    expect(back).toEqual(value);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
    expect(Object.keys(Object(back))).toEqual(Object.keys(Object(value)));
  });

  test("leaves a property out that is undefined, and takes what toJSON gives", () => {
    expect(trip<unknown>(json as Codec<unknown>, { a: undefined, b: 1 })).toEqual({ b: 1 });
    expect(trip<unknown>(json as Codec<unknown>, { at: new Date(0) })).toEqual({
      at: "1970-01-01T00:00:00.000Z",
    });
    expect(
      trip<unknown>(
        json as Codec<unknown>,
        new (class Point {
          x = 1;
        })(),
      ),
    ).toEqual({ x: 1 });
    expect(trip<unknown>(json as Codec<unknown>, runInNewContext("({ a: [1] })"))).toEqual({ a: [1] });
  });

  const cyclic: { self?: unknown } = {};
  cyclic.self = cyclic;
  const deep = JSON.parse(`${"[".repeat(200_000)}${"]".repeat(200_000)}`);
  test.each<[string, unknown, string]>([
    ["undefined", undefined, "undefined"],
    ["a function", () => {}, "function"],
    ["a symbol", Symbol("s"), "symbol"],
    ["a bigint", 1n, "BigInt"],
    ["NaN", Number.NaN, "NaN"],
    ["Infinity, deep inside", { a: [{ b: Number.POSITIVE_INFINITY }] }, "a\\[0\\].b"],
    ["undefined in an array", [1, undefined], "\\[1\\]"],
    ["a hole in an array", new Array(2), "\\[0\\]"],
    ["a function as a property", { f() {} }, "at f"],
    ["a symbol as a property", { s: Symbol("s") }, "at s"],
    ["a property that a symbol names", { a: { [Symbol("s")]: 1 } }, "symbol for a name \\(at a\\)"],
    ["a cycle", cyclic, "circular"],
    ["a Map", { m: new Map() }, "Map"],
    ["a Set", new Set(), "Set"],
    ["a RegExp", /x/, "RegExp"],
    ["an Error", new Error("e"), "Error"],
    ["a boxed number", Object(1), "Number"],
    ["a Promise", Promise.resolve(), "Promise"],
    ["bytes", new Uint8Array(1), "bytes"],
    ["a Buffer, whose toJSON does not come back as one", Buffer.from("a"), "bytes"],
    [
      "a toJSON that throws",
      {
        toJSON: () => {
          throw new Error("mine");
        },
      },
      "mine",
    ],
    ["a toJSON that returns nothing", { a: { toJSON: () => undefined } }, "toJSON"],
    ["a toJSON that returns NaN", { toJSON: () => ({ n: Number.NaN }) }, "NaN"],
    [
      "a getter that throws",
      {
        get a() {
          throw new Error("mine");
        },
      },
      "mine",
    ],
    ["what is nested too deep", deep, "stack"],
  ])("refuses %s, saying why", (_what, value, why) => {
    expect(() => json.encode(value as never)).toThrow(new RegExp(why));
  });

  test.each([
    ["nothing", []],
    ["invalid UTF-8", [0x22, 0xff, 0x22]],
    ["a byte order mark", [0xef, 0xbb, 0xbf, 0x31]],
    ["no JSON", [0x7b]],
    ["two values", [0x31, 0x20, 0x31]],
  ])("does not decode %s", (_what, content) => {
    expect(() => json.decode(new Uint8Array(content))).toThrow();
  });

  test("decodes anything or throws, and never does anything else", () => {
    const decodes = (content: Uint8Array) => {
      try {
        JSON.stringify(json.decode(content));
      } catch (error) {
        expect(error).toBeInstanceOf(Error);
      }
    };
    fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), decodes));
  });
});

describe("bytes", () => {
  test("carries any bytes, as they are", () => {
    fc.assert(
      fc.property(fc.uint8Array(), (content) => {
        expect(trip(bytes, content)).toEqual(content);
      }),
    );
    const all = Uint8Array.from({ length: 256 }, (_, n) => n);
    expect(trip(bytes, Buffer.from(all).subarray(3, 250) as Uint8Array)).toEqual(all.subarray(3, 250));
    expect(trip(bytes, runInNewContext("new Uint8Array([1, 2])"))).toEqual(new Uint8Array([1, 2]));
    expect(trip(bytes, new Uint8Array())).toHaveLength(0);
    expect(trip(bytes, new Uint8Array(new SharedArrayBuffer(2)))).toEqual(new Uint8Array(2));
  });

  test.each<[string, unknown]>([
    ["a string", "abc"],
    ["an array", [1, 2]],
    ["an ArrayBuffer", new ArrayBuffer(2)],
    ["a DataView", new DataView(new ArrayBuffer(2))],
    ["wider elements", new Uint16Array(2)],
    ["null", null],
  ])("refuses %s", (_what, value) => {
    expect(() => bytes.encode(value as never)).toThrow(TypeError);
  });
});

describe("structured", () => {
  test.each<[string, unknown]>([
    [
      "dates, maps, sets, bigints and undefined",
      { d: new Date(5), m: new Map([[1, new Set([2n])]]), u: undefined },
    ],
    ["typed arrays and buffers", [new Float64Array([1.5]), new Uint8Array([1]).buffer]],
    ["NaN, infinities and -0", [Number.NaN, Number.NEGATIVE_INFINITY, -0]],
    ["undefined itself", undefined],
  ])("carries %s", (_what, value) => {
    expect(trip(structured, value)).toEqual(value);
  });

  test("carries cycles", () => {
    const value: { self?: unknown } = {};
    value.self = value;
    const back = trip(structured, value) as typeof value;
    expect(back.self).toBe(back);
  });

  test.each([[() => {}], [Symbol("s")], [Promise.resolve()], [new WeakMap()], [{ f() {} }]])(
    "refuses %o",
    (value) => {
      expect(() => structured.encode(value)).toThrow();
    },
  );

  test.each([[[]], [[1, 2, 3]], [[255, 15, 111]], [[255, 99]]])("does not decode %o", (content) => {
    expect(() => structured.decode(new Uint8Array(content))).toThrow();
  });
});
