/** Which types each of core's codecs carries, so that the compiler refuses what would be refused when it is put. */

import type { JsonValue } from "./transport.js";

type Primitive = null | undefined | boolean | number | string | bigint | symbol;

/**
 * `T` where JSON carries it, else a type that no value has at the place of the trouble: `T extends JsonSafe<T>` holds for
 * interfaces too, which are no index signatures. A property that may be `undefined` may be left out.
 */
export type JsonSafe<T> = unknown extends T
  ? T
  : // JsonValue itself, whose parts are JsonValue again: here the recursion ends.
    IsSame<T, JsonValue> extends true
    ? T
    : T extends null | boolean | number | string
      ? T
      : T extends Primitive | ((...args: never) => unknown)
        ? never
        : T extends readonly unknown[]
          ? { readonly [K in keyof T]: JsonSafe<T[K]> }
          : { readonly [K in keyof T]: K extends string | number ? JsonSafeProperty<T[K]> : never };

type IsSame<A, B> = [A] extends [B] ? ([B] extends [A] ? true : false) : false;

type JsonSafeProperty<T> = T extends undefined ? T : JsonSafe<T>;

/** `T` where a structured clone carries it: no functions, no symbols, and so no instances that have methods. */
export type StructuredSafe<T> = unknown extends T
  ? T
  : T extends symbol | ((...args: never) => unknown)
    ? never
    : T extends Primitive | Date | RegExp | Error | ArrayBuffer | ArrayBufferView
      ? T
      : T extends ReadonlyMap<infer K, infer V>
        ? ReadonlyMap<StructuredSafe<K>, StructuredSafe<V>>
        : T extends ReadonlySet<infer V>
          ? ReadonlySet<StructuredSafe<V>>
          : { readonly [K in keyof T]: StructuredSafe<T[K]> };

/** Nothing to ask for where `T` is safe; else an option that cannot be given, whose name says what is wrong. */
export type Carries<T, Safe> = [T] extends [Safe]
  ? unknown
  : { readonly "the codec cannot carry this type": never };
