// The ways in: what is checked before anything is created, what is compared when a buffer is opened, and the races.
import {
  type BufferAddress,
  BufferError,
  type BufferSpec,
  type BufferWishes,
  bytes,
  createBuffer,
  INTERFACE_VERSION,
  openAddress,
  openBuffer,
  openOrCreateBuffer,
} from "@sluice/core";
import { describe, expect, test } from "vitest";
import { memoryTransport } from "../../transport-memory/dist/index.js";
import { faultOf } from "./kit/expectations.js";
import { scripted } from "./kit/scripted.js";

function counted() {
  const created: [BufferSpec, BufferWishes][] = [];
  const transport = scripted({
    create: async (spec, wishes) => {
      created.push([spec, wishes]);
      return { module: "file:///scripted.js", transport: "scripted", place: null };
    },
  });
  return { created, transport };
}

describe("createBuffer", () => {
  test("fills in the defaults and hands the wishes on", async () => {
    const { created, transport } = counted();
    await createBuffer(transport, { capacity: 5 });
    await createBuffer(transport, { capacity: 7, itemBytesMax: 10, durability: "none", codec: bytes }).catch(
      () => {},
    );
    expect(created).toEqual([
      [
        {
          capacity: 5,
          itemBytesMax: 65_536,
          bufferBytesMax: 5 * (65_536 + 1_024),
          failuresMax: 5,
          deadLettersMax: 5,
          codec: "json",
        },
        {},
      ],
      [
        expect.objectContaining({ capacity: 7, itemBytesMax: 10, deadLettersMax: 7, codec: "bytes" }),
        { durability: "none" },
      ],
    ]);
  });

  test.each([
    [undefined, "capacity"],
    [null, "settings"],
    [5, "settings"],
    [{}, "capacity"],
    [{ capacity: 0 }, "integer from 1"],
    [{ capacity: -1 }, "`-1`|-1"],
    [{ capacity: 1.5 }, "1.5"],
    [{ capacity: Number.NaN }, "NaN"],
    [{ capacity: Number.POSITIVE_INFINITY }, "Infinity"],
    [{ capacity: "9" }, '"9"'],
    [{ capacity: 2 ** 53 }, "9007199254740992"],
    [{ capacity: 5, itemBytesMax: 0 }, "itemBytesMax"],
    [{ capacity: 5, bufferBytesMax: 10 }, "bufferBytesMax"],
    [{ capacity: 5, failuresMax: 0 }, "failuresMax"],
    [{ capacity: 5, deadLettersMax: -1 }, "deadLettersMax"],
    [{ capacity: 5, leaseMs: 0 }, "leaseMs"],
    [{ capacity: 5, waitersMax: 0 }, "waitersMax"],
    [{ capacity: 5, durability: "sync" }, "durability"],
    [{ capacity: 5, codec: "json" }, "codec"],
    [{ capacity: 5, codec: { name: "" } }, "codec"],
    [{ capactiy: 5 }, "capacity"],
    [{ capacity: 5, itemBytes: 5 }, "itemBytesMax"],
    [{ capacity: 5, surprise: 5 }, "one of capacity"],
    [JSON.parse('{ "capacity": 5, "__proto__": {} }'), "__proto__"],
    [Object.create({ capacity: 5 }), "capacity"],
  ])("refuses %o before anything is created", async (options, named) => {
    const { created, transport } = counted();
    const error = await faultOf(createBuffer(transport, options as never), "INVALID_ARGUMENT");
    expect(error.message).toMatch(new RegExp(named));
    expect(created).toEqual([]);
  });

  test("refuses an option that throws when it is read", async () => {
    const { created, transport } = counted();
    const options = {
      get capacity(): number {
        throw new Error("no");
      },
    };
    expect((await faultOf(createBuffer(transport, options), "INVALID_ARGUMENT")).cause).toBeInstanceOf(Error);
    expect(created).toEqual([]);
  });

  test.each([[undefined], [null], ["file"], [{}], [{ name: "x", create() {} }]])(
    "refuses %o as a transport",
    async (transport) => {
      await faultOf(createBuffer(transport as never, { capacity: 5 }), "INVALID_ARGUMENT");
      await faultOf(openBuffer(transport as never), "INVALID_ARGUMENT");
    },
  );

  test("refuses a transport of another interface version, naming both", async () => {
    const transport = scripted({ interfaceVersion: 99 });
    for (const call of [createBuffer(transport, { capacity: 5 }), openBuffer(transport)]) {
      const { message } = await faultOf(call, "VERSION_UNSUPPORTED");
      expect(message).toMatch(new RegExp(`\\b99\\b.*\\b${INTERFACE_VERSION}\\b`));
    }
  });

  test("wraps what an adapter throws unforeseen, and passes its faults with the transport's name", async () => {
    const bug = new TypeError("x is undefined");
    const error = await faultOf(
      createBuffer(scripted({ create: () => Promise.reject(bug) }), { capacity: 5 }),
      "STORAGE_FAILED",
    );
    expect(error).toMatchObject({ transport: "scripted", cause: bug });
    const fault = new BufferError("BUFFER_EXISTS", "there is one");
    const passed = await faultOf(
      createBuffer(scripted({ create: () => Promise.reject(fault) }), { capacity: 5 }),
      "BUFFER_EXISTS",
    );
    expect(passed).toBe(fault);
    expect(fault.transport).toBe("scripted");
  });

  test("of a buffer that exists rejects BUFFER_EXISTS", async () => {
    const transport = memoryTransport();
    await createBuffer(transport, { capacity: 5 });
    await faultOf(createBuffer(transport, { capacity: 5 }), "BUFFER_EXISTS");
  });
});

describe("openBuffer", () => {
  test("says how one of core's codecs is had, where its name is given", async () => {
    const create = createBuffer(memoryTransport(), { capacity: 5, codec: "bytes" } as never);
    await expect(create).rejects.toThrow(
      'name, encode and decode (the export `bytes` of @sluice/core is one), got "bytes"',
    );
  });

  test("uses the buffer's own codec", async () => {
    const transport = memoryTransport();
    const made = await createBuffer(transport, { capacity: 5, codec: bytes });
    const opened = await openBuffer<Uint8Array>(transport);
    await (await made.producer()).put(new Uint8Array([1, 2]));
    await expect((await opened.consumer()).take()).resolves.toEqual({
      done: false,
      value: new Uint8Array([1, 2]),
    });
  });

  test("needs the codec where the buffer's is none of core's", async () => {
    const transport = memoryTransport();
    const codec = { ...bytes, name: "mine" };
    await createBuffer(transport, { capacity: 5, codec });
    expect((await faultOf(openBuffer(transport), "SETTINGS_MISMATCH")).message).toContain("mine");
    await openBuffer(transport, { codec });
  });

  test("refuses a buffer that is not as expected, naming each difference, and closes it again", async () => {
    let closes = 0;
    const transport = scripted({
      port: {
        close: async () => {
          closes += 1;
        },
      },
    });
    await createBuffer(transport, { capacity: 5 });
    const { message } = await faultOf(
      openBuffer(transport, { capacity: 6, codec: bytes }),
      "SETTINGS_MISMATCH",
    );
    expect(message).toContain("capacity: 6 here, 5 in the buffer");
    expect(message).toContain("codec: bytes here, json in the buffer");
    expect(closes).toBe(1);
    await openBuffer(transport, { capacity: 5, failuresMax: 5 });
  });

  test("of nothing rejects BUFFER_NOT_FOUND", async () => {
    await faultOf(openBuffer(memoryTransport()), "BUFFER_NOT_FOUND");
  });

  test.each([[{ capactiy: 5 }], [{ durability: "fsync" }], [{ leaseMs: 0 }], [[]]])(
    "refuses %o",
    async (expected) => {
      await faultOf(openBuffer(memoryTransport(), expected as never), "INVALID_ARGUMENT");
    },
  );
});

describe("openOrCreateBuffer", () => {
  test("at once from many sides: one creates, all open the same", async () => {
    let creates = 0;
    const memory = memoryTransport();
    const transport = {
      ...memory,
      create: (...args: Parameters<typeof memory.create>) => {
        creates += 1;
        return memory.create(...args);
      },
    };
    const settings = { capacity: 5 };
    const buffers = await Promise.all(
      Array.from({ length: 10 }, () => openOrCreateBuffer(transport, settings)),
    );
    expect(creates).toBeGreaterThan(1);
    await (await buffers[0]?.producer())?.put("a");
    for (const buffer of buffers) expect(await buffer.counts()).toMatchObject({ ready: 1 });
  });

  test("comes through a race with a destroyer", async () => {
    let opens = 0;
    const memory = memoryTransport();
    const transport = {
      ...memory,
      // Gone again each time that it has just been made, three times.
      async open(...args: Parameters<typeof memory.open>) {
        opens += 1;
        if (opens <= 3) throw new BufferError("BUFFER_NOT_FOUND", "just destroyed");
        return memory.open(...args);
      },
    };
    const buffer = await openOrCreateBuffer(transport, { capacity: 5 });
    expect(buffer.spec.capacity).toBe(5);
  });

  test("compares the settings of a buffer that exists", async () => {
    const transport = memoryTransport();
    await createBuffer(transport, { capacity: 5 });
    await faultOf(openOrCreateBuffer(transport, { capacity: 6 }), "SETTINGS_MISMATCH");
  });

  test.each([
    [[], "fsync", false],
    [["participant", "power-loss"], "fsync", true],
    [["participant", "power-loss"], "none", true],
  ] as const)("over a buffer that survives %j, wishing for %s: opened %s", async (survives, wish, opened) => {
    const options = { capacity: 5, durability: wish };
    const call = openOrCreateBuffer(scripted({ capabilities: { survives } }), options);
    if (opened) expect((await call).capabilities.survives).toEqual(survives);
    else expect((await faultOf(call, "SETTINGS_MISMATCH")).message).toContain("durability: fsync here, none");
  });
});

describe("openAddress", () => {
  test("opens what another handle names, also after a way through JSON", async () => {
    const buffer = await createBuffer(memoryTransport(), { capacity: 5 });
    const address = JSON.parse(JSON.stringify(buffer.address)) as BufferAddress;
    const other = await openAddress(address, { capacity: 5 });
    await (await other.producer()).put("a");
    expect(await buffer.counts()).toMatchObject({ ready: 1 });
    await faultOf(openAddress(address, { capacity: 4 }), "SETTINGS_MISMATCH");
  });

  test.each([
    [undefined, "INVALID_ARGUMENT"],
    [{}, "INVALID_ARGUMENT"],
    [{ module: "@sluice/nowhere", transport: "x", place: null }, "INVALID_ARGUMENT"],
    [{ module: "file:///no/such/module.js", transport: "x", place: null }, "TRANSPORT_UNAVAILABLE"],
    [{ module: "node:path", transport: "x", place: null }, "INVALID_ARGUMENT"],
  ] as const)("refuses %o with %s", async (address, code) => {
    await faultOf(openAddress(address as never), code);
  });
});
