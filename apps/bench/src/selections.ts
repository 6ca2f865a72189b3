/** The tables that can be asked for, and what is measured unless something else is. */

import {
  durable,
  inFiles,
  inMemory,
  inNats,
  inRedis,
  ours,
  overMessages,
  sideBySide,
  withJson,
} from "./candidates.js";
import { growth } from "./growth.js";
import { ITEM_BYTES_DEFAULT } from "./item.js";
import fileFsync from "./ours/file-fsync.js";
import shm from "./ours/shm.js";
import zeromq from "./ours/zeromq.js";
import jetStreamFile from "./peers/jetstream-file.js";
import naiveLockfile from "./peers/naive-lockfile.js";
import redisLua from "./peers/redis-lua.js";
import type { Table } from "./plan.js";

/** A table that may be had with items of other sizes, or with fewer works. */
export interface Selection extends Omit<Table, "works"> {
  /** Names. */
  readonly works: readonly string[];
  readonly itemBytes: readonly number[];
}

const againstNaive = { kind: "against", name: naiveLockfile.name } as const;
const plain = { itemBytes: [ITEM_BYTES_DEFAULT], ratio: againstNaive, countsSystemCalls: false, series: [] };

const basic = ["5-1p1c", "5-2p2c", "1024-1p1c-one", "1024-1p1c", "round-trip"] as const;

const messageWorks = [
  ...["5-1p1c", "5-2p2c", "1024-1p1c-one", "1024-2p2c-one", "1024-1p1c", "1024-2p2c"],
  ...["5-1p1c-concurrent", "1024-1p1c-concurrent", "round-trip"],
];

export const selections: readonly [Selection, ...Selection[]] = [
  {
    ...plain,
    name: "all",
    title: "Ours, and what one would use instead",
    candidates: sideBySide,
    works: basic,
    countsSystemCalls: true,
  },
  {
    ...plain,
    name: "file",
    title: "Behind locks in files",
    candidates: [...inFiles, fileFsync],
    works: ["5-1p1c", "5-2p2c", "1024-1p1c", "1024-2p2c", "round-trip"],
  },
  {
    ...plain,
    name: "shm",
    title: "Between processes of one host, in memory",
    candidates: inMemory,
    works: ["5-1p1c", "5-2p2c", "1024-1p1c-one", "1024-2p2c-one", "1024-1p1c", "1024-2p2c", "round-trip"],
    itemBytes: [ITEM_BYTES_DEFAULT, 1024],
    ratio: { kind: "lead", name: shm.name },
  },
  {
    ...plain,
    name: "zeromq",
    title: "As messages, most through a server",
    candidates: overMessages,
    works: messageWorks,
    ratio: { kind: "lead", name: zeromq.name },
  },
  {
    ...plain,
    name: "redis",
    title: "In a Redis server",
    candidates: inRedis,
    works: messageWorks,
    ratio: { kind: "against", name: redisLua.name },
  },
  {
    ...plain,
    name: "nats",
    title: "In a NATS server",
    candidates: inNats,
    works: messageWorks,
    ratio: { kind: "against", name: jetStreamFile.name },
  },
  {
    ...plain,
    name: "processes",
    title: "Several producers and consumers",
    candidates: sideBySide,
    works: ["5-2p2c", "5-4p4c", "1024-2p2c", "1024-4p4c"],
  },
  {
    ...plain,
    name: "sizes",
    title: "Larger items",
    candidates: sideBySide,
    works: ["5-1p1c", "1024-1p1c"],
    itemBytes: [1024, 65_536],
  },
  {
    ...plain,
    name: "codecs",
    title: "With core's json codec, and with bytes",
    candidates: withJson,
    works: ["5-1p1c", "1024-1p1c"],
    itemBytes: [ITEM_BYTES_DEFAULT, 1024],
    ratio: { kind: "against", name: shm.name },
  },
  {
    ...plain,
    name: "concurrent",
    title: "Many calls under way at once",
    candidates: sideBySide.filter(({ mayOverlap, name }) => mayOverlap === true || name === "redis-lua"),
    works: ["5-1p1c-concurrent", "1024-1p1c-concurrent"],
    ratio: { kind: "lead", name: zeromq.name },
  },
  {
    ...plain,
    name: "durable",
    title: "What outlives a power cut, beside nothing else",
    candidates: durable,
    works: ["5-1p1c", "1024-1p1c-one", "1024-1p1c", "1024-1p1c-concurrent", "round-trip"],
    ratio: { kind: "against", name: fileFsync.name },
    countsSystemCalls: true,
  },
  {
    ...plain,
    name: "growth",
    title: "How the cost of an item grows",
    candidates: ours,
    works: growth.flatMap(({ points }) => points.map(({ work }) => work.name)),
    series: growth,
    ratio: { kind: "against", name: shm.name },
  },
];

/** For the published table: all but those that show a part of another one. */
export const published: readonly Selection[] = selections.filter(
  ({ name }) => !["file", "shm", "zeromq", "redis", "nats"].includes(name),
);

/** For two minutes. */
export const quick: Selection = {
  ...selections[0],
  works: ["5-1p1c", "1024-1p1c", "round-trip"],
  countsSystemCalls: false,
};
