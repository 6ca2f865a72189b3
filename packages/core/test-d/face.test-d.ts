// What the compiler knows of the face: the type of the items follows from the codec, and what a codec cannot carry is refused.
import {
  type BoundedBuffer,
  type BufferTransport,
  bytes,
  type Codec,
  type Consumer,
  createBuffer,
  type JsonValue,
  json,
  type Lease,
  openAddress,
  openBuffer,
  openOrCreateBuffer,
  type Producer,
  structured,
  type TakeResult,
} from "@sluice/core";
import { describe, expectTypeOf, test } from "vitest";

declare const transport: BufferTransport;

interface Job {
  readonly id: number;
  title: string;
  tags: string[];
  parent?: Job;
  note: string | null | undefined;
  kind: "a" | "b";
  at: readonly [x: number, y: number];
  more: Record<string, number[]>;
}

type Tree = { name: string; children: Tree[] } | null;

// What people write for themselves, and call JSON.
type OwnJson = string | number | boolean | null | OwnJson[] | { [key: string]: OwnJson };
type ReadonlyJson =
  | string
  | number
  | null
  | readonly ReadonlyJson[]
  | { readonly [key: string]: ReadonlyJson };
type SparseJson = string | null | SparseJson[] | { [key: string]: SparseJson | undefined };
type NamedJson = string | number | null | NamedArray | NamedObject;
interface NamedArray extends Array<NamedJson> {}
interface NamedObject extends Record<string, NamedJson> {}

interface Node<T> {
  value: T;
  children: Node<T>[];
  parent?: Node<T>;
}
type Pairs = [string, Pairs?];
type Lisp = string | [Lisp, ...Lisp[]];

/** As everybody's JSON, with something in it that is none. */
type With<T> = string | T | With<T>[] | { [key: string]: With<T> };

class Sum extends Array<number> {
  sum(): number {
    return this.reduce((a, b) => a + b, 0);
  }
}

interface Event {
  at: Date;
  seen: Map<string, Set<bigint>>;
  bytes: Uint8Array;
  note?: string;
}

class Account {
  balance = 0;
  deposit(amount: number): void {
    this.balance += amount;
  }
}

describe("the type of the items", () => {
  test("without a codec is what JSON carries", () => {
    expectTypeOf(createBuffer(transport, { capacity: 5 })).resolves.toEqualTypeOf<BoundedBuffer<JsonValue>>();
    expectTypeOf(createBuffer<Job>(transport, { capacity: 5 })).resolves.toEqualTypeOf<BoundedBuffer<Job>>();
    expectTypeOf(createBuffer<Job>(transport, { capacity: 5, codec: json })).resolves.toEqualTypeOf<
      BoundedBuffer<Job>
    >();
    expectTypeOf(createBuffer<Job[]>(transport, { capacity: 5 })).resolves.toEqualTypeOf<
      BoundedBuffer<Job[]>
    >();
    expectTypeOf(createBuffer<Tree>(transport, { capacity: 5 })).resolves.toEqualTypeOf<
      BoundedBuffer<Tree>
    >();
    expectTypeOf(createBuffer<{ any: JsonValue }>(transport, { capacity: 5 })).resolves.toEqualTypeOf<
      BoundedBuffer<{ any: JsonValue }>
    >();
    expectTypeOf(createBuffer<string>(transport, { capacity: 5 })).resolves.toEqualTypeOf<
      BoundedBuffer<string>
    >();
    expectTypeOf(openOrCreateBuffer<Job>(transport, { capacity: 5 })).resolves.toEqualTypeOf<
      BoundedBuffer<Job>
    >();
  });

  test("may have itself among its parts", () => {
    expectTypeOf(createBuffer<OwnJson>(transport, { capacity: 5 })).resolves.toEqualTypeOf<
      BoundedBuffer<OwnJson>
    >();
    createBuffer<OwnJson>(transport, { capacity: 5, codec: json });
    createBuffer<OwnJson>(transport, { capacity: 5, codec: structured });
    openOrCreateBuffer<OwnJson>(transport, { capacity: 5 });
    openBuffer<OwnJson>(transport, { codec: json });
    createBuffer<{ id: number; payload: OwnJson }>(transport, { capacity: 5 });
    createBuffer<{ id: number; payload: { [key: string]: OwnJson } }>(transport, { capacity: 5 });
    createBuffer<ReadonlyJson>(transport, { capacity: 5 });
    createBuffer<SparseJson>(transport, { capacity: 5 });
    createBuffer<NamedJson>(transport, { capacity: 5 });
    createBuffer<{ id: number; payload: NamedJson }>(transport, { capacity: 5 });
    createBuffer<NamedJson>(transport, { capacity: 5, codec: structured });
    createBuffer<Node<number>>(transport, { capacity: 5 });
    createBuffer<Node<OwnJson>>(transport, { capacity: 5 });
    createBuffer<Node<Map<string, OwnJson>>>(transport, { capacity: 5, codec: structured });
    createBuffer<Pairs>(transport, { capacity: 5 });
    createBuffer<Lisp>(transport, { capacity: 5 });
    createBuffer<Lisp>(transport, { capacity: 5, codec: structured });
  });

  test("may be a tuple whose last elements can be left out", () => {
    createBuffer<[string, number?]>(transport, { capacity: 5 });
    createBuffer<[string, ...number[]]>(transport, { capacity: 5 });
    createBuffer<[string, number?]>(transport, { capacity: 5, codec: structured });
  });

  test("with bytes is Uint8Array", () => {
    expectTypeOf(createBuffer(transport, { capacity: 5, codec: bytes })).resolves.toEqualTypeOf<
      BoundedBuffer<Uint8Array>
    >();
    expectTypeOf(openBuffer(transport, { codec: bytes })).resolves.toEqualTypeOf<BoundedBuffer<Uint8Array>>();
  });

  test("with structured is what a structured clone carries", () => {
    const buffer = createBuffer<Event>(transport, { capacity: 5, codec: structured });
    expectTypeOf(createBuffer<Tree>(transport, { capacity: 5, codec: structured })).resolves.toEqualTypeOf<
      BoundedBuffer<Tree>
    >();
    expectTypeOf(buffer).resolves.toEqualTypeOf<BoundedBuffer<Event>>();
    expectTypeOf(openBuffer<Event>(transport, { codec: structured })).resolves.toEqualTypeOf<
      BoundedBuffer<Event>
    >();
  });

  test("with a codec of one's own is the codec's", () => {
    const codec = {} as Codec<Account>;
    expectTypeOf(createBuffer(transport, { capacity: 5, codec })).resolves.toEqualTypeOf<
      BoundedBuffer<Account>
    >();
    expectTypeOf(openBuffer(transport, { codec })).resolves.toEqualTypeOf<BoundedBuffer<Account>>();
  });

  test("of a buffer that says itself which codec it has is what the caller says, or unknown", () => {
    expectTypeOf(openBuffer(transport)).resolves.toEqualTypeOf<BoundedBuffer<unknown>>();
    expectTypeOf(openBuffer<Event>(transport, { capacity: 5 })).resolves.toEqualTypeOf<
      BoundedBuffer<Event>
    >();
    expectTypeOf(openAddress<Job>({ module: "", transport: "", place: 0 })).resolves.toEqualTypeOf<
      BoundedBuffer<Job>
    >();
  });
});

describe("what the codec cannot carry is an error of types", () => {
  test("json", () => {
    // @ts-expect-error a Date becomes a string
    createBuffer<Event>(transport, { capacity: 5 });
    // @ts-expect-error a Date becomes a string
    createBuffer<{ at: Date }>(transport, { capacity: 5, codec: json });
    // @ts-expect-error a Map becomes {}
    createBuffer<Map<string, string>>(transport, { capacity: 5 });
    // @ts-expect-error JSON has no bigint
    createBuffer<{ deep: { n: bigint }[] }>(transport, { capacity: 5 });
    // @ts-expect-error methods are lost
    createBuffer<Account>(transport, { capacity: 5 });
    // @ts-expect-error a Date becomes a string
    createBuffer<JsonValue | Date>(transport, { capacity: 5 });
    // @ts-expect-error JSON has no undefined
    createBuffer<undefined>(transport, { capacity: 5 });
    // @ts-expect-error in an array undefined would become null
    createBuffer<(string | undefined)[]>(transport, { capacity: 5 });
    // @ts-expect-error keys that are symbols are lost
    createBuffer<{ [key: symbol]: string }>(transport, { capacity: 5 });
    // @ts-expect-error bytes need another codec
    createBuffer<Uint8Array>(transport, { capacity: 5 });
    // @ts-expect-error a Date becomes a string
    openOrCreateBuffer<Event>(transport, { capacity: 5 });
    // @ts-expect-error a Date becomes a string
    openBuffer<Event>(transport, { codec: json });
  });

  test("json, in a type that has itself among its parts", () => {
    // @ts-expect-error a Date becomes a string
    createBuffer<With<Date>>(transport, { capacity: 5 });
    // @ts-expect-error a Map becomes {}
    createBuffer<With<Map<string, string>>>(transport, { capacity: 5 });
    // @ts-expect-error JSON has no bigint
    createBuffer<With<bigint>>(transport, { capacity: 5 });
    // @ts-expect-error in an array undefined would become null
    createBuffer<With<undefined>>(transport, { capacity: 5 });
    // @ts-expect-error functions are lost
    createBuffer<With<() => void>>(transport, { capacity: 5 });
    // @ts-expect-error bytes need another codec
    createBuffer<With<Uint8Array>>(transport, { capacity: 5 });
    // @ts-expect-error symbols are lost
    createBuffer<With<symbol>>(transport, { capacity: 5 });
    // @ts-expect-error methods are lost
    createBuffer<With<Account>>(transport, { capacity: 5 });
    // @ts-expect-error a Date becomes a string
    createBuffer<Node<Date>>(transport, { capacity: 5 });
    // @ts-expect-error keys that are symbols are lost
    createBuffer<Node<{ [key: symbol]: string }>>(transport, { capacity: 5 });
  });

  test("json, in arrays and tuples", () => {
    // @ts-expect-error a Date becomes a string
    createBuffer<Date[][]>(transport, { capacity: 5 });
    // @ts-expect-error undefined would become null
    createBuffer<readonly undefined[]>(transport, { capacity: 5 });
    // @ts-expect-error undefined would become null
    createBuffer<[string, number | undefined]>(transport, { capacity: 5 });
    // @ts-expect-error undefined would become null
    createBuffer<[string, ...(number | undefined)[]]>(transport, { capacity: 5 });
    // @ts-expect-error a Date becomes a string
    createBuffer<[string, Date?]>(transport, { capacity: 5 });
    // @ts-expect-error a Date becomes a string
    createBuffer<[...Date[], string]>(transport, { capacity: 5 });
    // @ts-expect-error what a class adds to an array is lost
    createBuffer<Sum>(transport, { capacity: 5 });
    // @ts-expect-error what is added to an array is lost
    createBuffer<number[] & { made: Date }>(transport, { capacity: 5 });
  });

  test("structured", () => {
    // @ts-expect-error a function cannot be cloned
    createBuffer<() => void>(transport, { capacity: 5, codec: structured });
    // @ts-expect-error methods are lost
    createBuffer<{ list: Account[] }>(transport, { capacity: 5, codec: structured });
    // @ts-expect-error a function cannot be cloned
    createBuffer<With<() => void>>(transport, { capacity: 5, codec: structured });
    // @ts-expect-error methods are lost
    createBuffer<Sum>(transport, { capacity: 5, codec: structured });
    // @ts-expect-error a symbol cannot be cloned
    createBuffer<Map<string, symbol>>(transport, { capacity: 5, codec: structured });
  });

  test("bytes", () => {
    // @ts-expect-error only bytes
    createBuffer<string>(transport, { capacity: 5, codec: bytes });
  });
});

describe("options", () => {
  test("are checked", () => {
    // @ts-expect-error the capacity is required
    createBuffer(transport, {});
    // @ts-expect-error a misspelt name
    createBuffer(transport, { capacity: 5, capactiy: 5 });
    // @ts-expect-error a wish, not an expectation
    openBuffer(transport, { durability: "fsync" });
    createBuffer(transport, { capacity: 5, leaseMs: undefined, codec: undefined });
  });
});

describe("handles", () => {
  test("take and give what the buffer has", async () => {
    const buffer = {} as BoundedBuffer<Job>;
    expectTypeOf(buffer.producer()).resolves.toEqualTypeOf<Producer<Job>>();
    expectTypeOf(buffer.consumer()).resolves.toEqualTypeOf<Consumer<Job>>();
    const producer = {} as Producer<Job>;
    expectTypeOf(producer.put).parameter(0).toEqualTypeOf<Job>();
    expectTypeOf(producer.tryPut({} as Job)).resolves.toEqualTypeOf<"accepted" | "full" | "sealed">();
    expectTypeOf(producer.putMany([])).resolves.toEqualTypeOf<number>();
    // @ts-expect-error another type
    producer.put("a string");
    const consumer = {} as Consumer<Job>;
    expectTypeOf(consumer.take()).resolves.toEqualTypeOf<TakeResult<Job>>();
    expectTypeOf(consumer.tryLease()).resolves.toEqualTypeOf<TakeResult<Lease<Job>> | "empty">();
    expectTypeOf(consumer.takeMany(3)).resolves.toEqualTypeOf<Job[]>();
    for await (const job of consumer) expectTypeOf(job).toEqualTypeOf<Job>();
    for await (const lease of consumer.leases()) expectTypeOf(lease.value).toEqualTypeOf<Job>();
    const taken = await consumer.take();
    if (taken.done) expectTypeOf(taken.value).toEqualTypeOf<undefined>();
    else expectTypeOf(taken.value).toEqualTypeOf<Job>();
  });
});
