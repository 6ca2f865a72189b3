/** The ways in: create, open, either, or by an address that another process handed over. */

import { BoundedBuffer } from "./buffer.js";
import {
  type BufferSettings,
  type BufferSpec,
  type BufferWishes,
  completeSpec,
  countFrom,
  specDifferences,
} from "./buffer-spec.js";
import {
  type AnyCodec,
  type Codec,
  checkCodec,
  codecNamed,
  type JsonCodec,
  json,
  type StructuredCodec,
} from "./codec.js";
import type { Carries, JsonSafe, StructuredSafe } from "./codec-types.js";
import { leaseMsFrom } from "./consumer.js";
import { DestroyedNotice } from "./destroyed-notice.js";
import { BufferError, isBufferError, wrongType } from "./errors.js";
import { portFault } from "./faults.js";
import { checkTransport, transportAt } from "./find-transport.js";
import { type HandleOptions, LEASE_MS_DEFAULT, WAITERS_MAX_DEFAULT } from "./handle.js";
import { ownOptions } from "./options.js";
import type { BufferAddress, BufferPort, BufferTransport, JsonValue } from "./transport.js";

export type { BoundedBuffer } from "./buffer.js";

/** Settings of the buffer, wishes for its medium, and options of this process's handle. Only `capacity` is required. */
export interface CreateOptions<T = unknown> extends BufferSettings, BufferWishes, HandleOptions {
  /** Turns values into bytes and back: `json` (the default), `bytes`, `structured`, or one of your own. */
  readonly codec?: Codec<T> | undefined;
}

/** What the buffer is expected to be: where it is something else, it is not opened. With options of this handle. */
export interface OpenOptions<T = unknown> extends Partial<BufferSettings>, HandleOptions {
  /** Default: the buffer's own, if it is one of core's. */
  readonly codec?: Codec<T> | undefined;
}

type With<C> = { readonly codec: C };
type Json<T> = Carries<T, JsonSafe<T>> & { readonly codec?: JsonCodec | undefined };
type Structured<T> = Carries<T, StructuredSafe<T>> & With<StructuredCodec>;

// Of a call that fits no overload the compiler tells why it does not fit the last that takes a type. So the last takes what those
// before it take, and nothing else, and says of everything else what is wrong; this name is part of what it says.
interface JsonCannotCarry<T> extends With<CodecFor<T>> {}
type CodecFor<T> =
  | ([T] extends [JsonSafe<T>] ? JsonCodec : never)
  | ([T] extends [StructuredSafe<T>] ? StructuredCodec : never)
  | Codec<T>;
type Fitting<T> = { readonly codec?: CodecFor<T> | undefined };
type FittingNew<T> = [T] extends [JsonSafe<T>] ? Fitting<T> : JsonCannotCarry<T>;

// `SPEC_OPTIONS` lists what `BufferSettings` has; a name missing here would be refused as unknown, which tests would see.
const SPEC_OPTIONS = ["capacity", "itemBytesMax", "bufferBytesMax", "failuresMax", "deadLettersMax"] as const;
const OPEN_OPTIONS = [...SPEC_OPTIONS, "codec", "leaseMs", "waitersMax"] as const;
const CREATE_OPTIONS = [...OPEN_OPTIONS, "durability"] as const;

// Creating and opening in turns comes to an end as soon as others stop creating and destroying in between.
const OPEN_OR_CREATE_TRIES = 100;

/**
 * Creates a buffer at the transport's place, and opens it. Everything is checked before anything is created.
 *
 * @throws BufferError `BUFFER_EXISTS`, `NOT_A_BUFFER`, `CAPABILITY_MISSING` for a wish that the transport cannot meet,
 * `VERSION_UNSUPPORTED`, `PERMISSION_DENIED`, `STORAGE_FULL`, `STORAGE_FAILED`, `TRANSPORT_UNAVAILABLE`; TypeError,
 * RangeError `INVALID_ARGUMENT`, naming the option, what was expected and what came.
 */
export function createBuffer<T = JsonValue>(
  transport: BufferTransport,
  options: CreateOptions & Json<T>,
): Promise<BoundedBuffer<T>>;
export function createBuffer<T>(
  transport: BufferTransport,
  options: CreateOptions & Structured<T>,
): Promise<BoundedBuffer<T>>;
export function createBuffer<T>(
  transport: BufferTransport,
  options: CreateOptions<T> & With<Codec<T>>,
): Promise<BoundedBuffer<T>>;
export function createBuffer<T>(
  transport: BufferTransport,
  options: CreateOptions & FittingNew<T>,
): Promise<BoundedBuffer<T>>;
/** Where the type is known only when it runs. */
export function createBuffer(
  transport: BufferTransport,
  options: CreateOptions,
): Promise<BoundedBuffer<unknown>>;
export async function createBuffer(
  transport: BufferTransport,
  options: CreateOptions,
): Promise<BoundedBuffer<unknown>> {
  checkTransport(transport);
  const { spec, wishes, handle } = readCreateOptions(options);
  // By its address, so that it is this buffer and not a later one at the same place.
  const address = await create(transport, spec, wishes);
  return attach(transport, await openPort(transport, address), handle, spec);
}

/**
 * Opens the buffer at the transport's place.
 *
 * @param expected - what the buffer must be; settings left out are not compared. Without a codec, the buffer's own is used
 * if it is one of core's.
 * @throws BufferError `BUFFER_NOT_FOUND`, `SETTINGS_MISMATCH` naming both sides, `NOT_A_BUFFER`, `VERSION_UNSUPPORTED`,
 * `DATA_CORRUPT`, `PERMISSION_DENIED`, `TRANSPORT_UNAVAILABLE`; TypeError, RangeError `INVALID_ARGUMENT`.
 */
export function openBuffer<T = unknown>(
  transport: BufferTransport,
  expected?: OpenOptions & { readonly codec?: undefined },
): Promise<BoundedBuffer<T>>;
export function openBuffer<T = JsonValue>(
  transport: BufferTransport,
  expected: OpenOptions & Json<T> & With<JsonCodec>,
): Promise<BoundedBuffer<T>>;
export function openBuffer<T>(
  transport: BufferTransport,
  expected: OpenOptions & Structured<T>,
): Promise<BoundedBuffer<T>>;
export function openBuffer<T>(
  transport: BufferTransport,
  expected: OpenOptions<T> & With<Codec<T>>,
): Promise<BoundedBuffer<T>>;
export function openBuffer<T>(
  transport: BufferTransport,
  expected: OpenOptions & Fitting<T>,
): Promise<BoundedBuffer<T>>;
export async function openBuffer(
  transport: BufferTransport,
  expected?: OpenOptions,
): Promise<BoundedBuffer<unknown>> {
  checkTransport(transport);
  const handle = readOpenOptions(expected);
  return attach(transport, await openPort(transport), handle, handle.expected);
}

/**
 * Opens the buffer at the transport's place, or creates it where there is none: of several processes that do so at once,
 * exactly one creates, and all open it. Throws as `createBuffer` and `openBuffer` do; the settings given are expected of a
 * buffer that exists, and so is `durability: "fsync"`.
 */
export function openOrCreateBuffer<T = JsonValue>(
  transport: BufferTransport,
  options: CreateOptions & Json<T>,
): Promise<BoundedBuffer<T>>;
export function openOrCreateBuffer<T>(
  transport: BufferTransport,
  options: CreateOptions & Structured<T>,
): Promise<BoundedBuffer<T>>;
export function openOrCreateBuffer<T>(
  transport: BufferTransport,
  options: CreateOptions<T> & With<Codec<T>>,
): Promise<BoundedBuffer<T>>;
export function openOrCreateBuffer<T>(
  transport: BufferTransport,
  options: CreateOptions & FittingNew<T>,
): Promise<BoundedBuffer<T>>;
/** Where the type is known only when it runs. */
export function openOrCreateBuffer(
  transport: BufferTransport,
  options: CreateOptions,
): Promise<BoundedBuffer<unknown>>;
export async function openOrCreateBuffer(
  transport: BufferTransport,
  options: CreateOptions,
): Promise<BoundedBuffer<unknown>> {
  checkTransport(transport);
  const { spec, wishes, handle } = readCreateOptions(options);
  for (let tries = 1; ; tries += 1) {
    try {
      return await attach(transport, await openPort(transport), handle, handle.expected, wishes);
    } catch (error) {
      if (!isBufferError(error, "BUFFER_NOT_FOUND") || tries > OPEN_OR_CREATE_TRIES) throw error;
    }
    try {
      await create(transport, spec, wishes);
    } catch (error) {
      // Somebody else was faster: theirs is opened.
      if (!isBufferError(error, "BUFFER_EXISTS")) throw error;
    }
  }
}

/**
 * Opens the buffer that an address names, in a process that does not know its transport: imports the adapter's module.
 * An address is as good as code, so take none from strangers.
 *
 * @throws as `openBuffer`, and `TRANSPORT_UNAVAILABLE` if the adapter cannot be loaded here.
 */
export async function openAddress<T = unknown>(
  address: BufferAddress,
  expected?: OpenOptions<T>,
): Promise<BoundedBuffer<T>> {
  const handle = readOpenOptions(expected);
  const transport = await transportAt(address);
  return attach<T>(transport, await openPort(transport, address), handle, handle.expected);
}

interface HandleSettings {
  /** Undefined: the buffer's own. */
  readonly codec: AnyCodec | undefined;
  readonly leaseMs: number;
  readonly waitersMax: number;
  readonly expected: Partial<BufferSpec>;
}

function readCreateOptions(options: CreateOptions): {
  spec: BufferSpec;
  wishes: BufferWishes;
  handle: HandleSettings;
} {
  if (options === undefined)
    throw wrongType("the settings of the buffer", "an object with a capacity", options);
  const own = ownOptions("the settings of the buffer", options, CREATE_OPTIONS);
  const codec = own.codec === undefined ? json : checkCodec(own.codec);
  const { durability } = own;
  if (durability !== undefined && durability !== "fsync" && durability !== "none") {
    throw wrongType("`durability`", '"fsync" or "none"', durability);
  }
  const spec = completeSpec(own, codec.name);
  const handle = handleSettings(own, codec);
  return { spec, wishes: durability === undefined ? {} : { durability }, handle };
}

function readOpenOptions(options: OpenOptions | undefined): HandleSettings {
  const own = ownOptions("what is expected of the buffer", options, OPEN_OPTIONS);
  return handleSettings(own, own.codec === undefined ? undefined : checkCodec(own.codec));
}

function handleSettings(own: OpenOptions, codec: AnyCodec | undefined): HandleSettings {
  const expected: { -readonly [K in keyof BufferSpec]?: BufferSpec[K] } = {};
  for (const name of SPEC_OPTIONS) {
    const value = own[name];
    if (value !== undefined) expected[name] = value;
  }
  if (codec !== undefined) expected.codec = codec.name;
  const leaseMs = leaseMsFrom(own.leaseMs, LEASE_MS_DEFAULT);
  const waitersMax = countFrom(1, "`waitersMax`", own.waitersMax ?? WAITERS_MAX_DEFAULT);
  return { codec, leaseMs, waitersMax, expected };
}

async function create(
  transport: BufferTransport,
  spec: BufferSpec,
  wishes: BufferWishes,
): Promise<BufferAddress> {
  try {
    return await transport.create(spec, wishes);
  } catch (error) {
    throw portFault(error, transport.name);
  }
}

async function openPort(transport: BufferTransport, address?: BufferAddress): Promise<BufferPort> {
  try {
    return await transport.open(address);
  } catch (error) {
    throw portFault(error, transport.name, "none");
  }
}

/** Makes the handle, unless the buffer is not what was expected: then nothing of it is kept or changed. */
async function attach<T>(
  transport: BufferTransport,
  port: BufferPort,
  settings: HandleSettings,
  expected: Partial<BufferSpec>,
  wishes: BufferWishes = {},
): Promise<BoundedBuffer<T>> {
  const { leaseMs, waitersMax } = settings;
  const differences = specDifferences(expected, port.spec);
  // A wish is met or refused, also by a buffer that somebody else made.
  if (wishes.durability === "fsync" && !port.capabilities.survives.includes("power-loss"))
    differences.push("durability: fsync here, none in the buffer");
  const codec = settings.codec ?? codecNamed(port.spec.codec);
  if (differences.length === 0 && codec !== undefined) {
    const destroyed = new DestroyedNotice();
    return new BoundedBuffer<T>({ port, transport: transport.name, codec, leaseMs, waitersMax, destroyed });
  }
  await port.close().catch(() => {});
  const mismatch =
    differences.length > 0
      ? differences.join("; ")
      : `codec: none given here, ${port.spec.codec} in the buffer`;
  const message = `The buffer has other settings than expected: ${mismatch}`;
  throw new BufferError("SETTINGS_MISMATCH", message, { transport: transport.name });
}
