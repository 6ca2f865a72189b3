/** Which types each of core's codecs carries, so that the compiler refuses what would be refused when it is put. */

type Primitive = null | undefined | boolean | number | string | bigint | symbol;

/**
 * `T` where JSON carries it, else a type that no value has at the place of the trouble: `T extends JsonSafe<T>` holds for
 * interfaces too, which are no index signatures. A property that may be `undefined` may be left out.
 */
export type JsonSafe<T> = unknown extends T
  ? T
  : T extends null | boolean | number | string
    ? T
    : T extends Primitive | ((...args: never) => unknown)
      ? never
      : T extends readonly unknown[]
        ? { readonly [K in keyof T as KeyOfArray<K>]: JsonSafe<T[K]> | Missing<T, K> }
        : { readonly [K in keyof T]: K extends string | number ? JsonSafeProperty<T[K]> : never };

type JsonSafeProperty<T> = T extends undefined ? T : JsonSafe<T>;

/**
 * Of an array its elements, and what a class of one's own adds to it. A mapped type that renames its keys is no array, and leaves
 * its elements for later: so a type that has itself among its elements, as everybody's own type of JSON has, comes to an end.
 */
type KeyOfArray<K> = Exclude<K, Exclude<keyof unknown[], number>>;

/** A tuple's last elements may be left out; each is looked at by its own key too, where one that may be `undefined` is told from them. */
type Missing<T extends readonly unknown[], K> = K extends number
  ? number extends T["length"]
    ? never
    : undefined
  : never;

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
          : T extends readonly unknown[]
            ? { readonly [K in keyof T as KeyOfArray<K>]: StructuredSafe<T[K]> }
            : { readonly [K in keyof T]: StructuredSafe<T[K]> };

/** Nothing to ask for where `T` is safe; else an option that cannot be given, whose name says what is wrong. */
export type Carries<T, Safe> = [T] extends [Safe]
  ? unknown
  : { readonly "the codec cannot carry this type": never };
