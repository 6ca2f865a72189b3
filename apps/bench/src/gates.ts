/** The speed gates: how many times another one a candidate must be. Only ratios, which mean something on any machine. */

import { candidates } from "./candidates.js";
import { figuresIn } from "./figures.js";
import { aligned, showRatio } from "./format.js";
import { works } from "./growth.js";
import type { Table } from "./plan.js";
import type { Results } from "./results.js";
import { type Spread, spreadOf } from "./statistics.js";

/** A candidate with a work. */
type Side = readonly [candidate: string, work: string];

interface Gate {
  readonly text: string;
  readonly of: Side;
  /** The disk's own syncs: half as many are items, of which each is put and taken. */
  readonly per: Side | "disk";
  readonly atLeast: number;
}

const ONE = "5-1p1c";
const MANY_ONE = "1024-1p1c-one";
const BATCHES = "1024-1p1c";
const MERGED = "5-1p1c-concurrent";
const ROUND_TRIP = "round-trip";

function gate(text: string, of: Side, per: Gate["per"], atLeast: number): Gate {
  return { text, of, per, atLeast };
}

const gates: readonly Gate[] = [
  gate("the default lock, capacity 5: the naive way", ["file", ONE], ["naive", ONE], 5),
  gate("the default lock, in batches: the naive way", ["file", BATCHES], ["naive", BATCHES], 100),
  gate("flock, capacity 5: the naive way", ["file-flock", ONE], ["naive", ONE], 20),
  gate("flock, in batches: the naive way", ["file-flock", BATCHES], ["naive", BATCHES], 400),
  gate(
    "flock, durable, one at a time: the disk, at two syncs an item",
    ["file-flock-fsync", MANY_ONE],
    "disk",
    0.35,
  ),
  gate("capacity 5: zeromq.js with that high-water mark", ["shm", ONE], ["zeromq-tcp", ONE], 1.3),
  gate("capacity 5: Python's multiprocessing.Queue", ["shm", ONE], ["python-queue", ONE], 4),
  gate("capacity 5: the kernel's message queue, in C", ["shm", ONE], ["posix-mq", ONE], 1.8),
  gate("capacity 5: Redis with a script", ["shm", ONE], ["redis-lua", ONE], 40),
  gate("capacity 5: SQLite, polled", ["shm", ONE], ["sqlite", ONE], 60),
  gate("capacity 5: LMDB, polled", ["shm", ONE], ["lmdb", ONE], 60),
  gate("capacity 5: the naive way", ["shm", ONE], ["naive", ONE], 400),
  gate("capacity 1024: Node's IPC, json", ["shm", MANY_ONE], ["ipc-json", MANY_ONE], 1.7),
  gate("capacity 1024: Node's IPC, advanced", ["shm", MANY_ONE], ["ipc-advanced", MANY_ONE], 1.7),
  gate("capacity 1024: a unix socket", ["shm", MANY_ONE], ["unix-socket", MANY_ONE], 1.7),
  gate("in batches: Node's IPC, json", ["shm", BATCHES], ["ipc-json", BATCHES], 5),
  gate("in batches: a unix socket", ["shm", BATCHES], ["unix-socket", BATCHES], 5),
  gate("in batches: the spinning ring in C", ["shm", BATCHES], ["mpmc-ring", BATCHES], 0.5),
  gate("round trip: a unix socket", ["shm", ROUND_TRIP], ["unix-socket", ROUND_TRIP], 8),
  gate("merged, capacity 5: Redis with a script", ["zeromq", MERGED], ["redis-lua", MERGED], 5),
  gate("capacity 5: a work queue of JetStream", ["nats", ONE], ["jetstream-file", ONE], 0.9),
  gate("capacity 1024: a work queue of JetStream", ["nats", MANY_ONE], ["jetstream-file", MANY_ONE], 0.9),
  gate("in batches: a work queue of JetStream", ["nats", BATCHES], ["jetstream-file", BATCHES], 5),
];

/** What must be measured to judge them all: a table for each work. */
export const gateTables: readonly Table[] = works.flatMap((work): Table[] => {
  const sides = gates.flatMap(({ of, per }) => (per === "disk" ? [of] : [of, per]));
  const names = sides.filter(([, name]) => name === work.name).map(([name]) => name);
  if (names.length === 0) return [];
  return [
    {
      name: "gates",
      title: "What the speed gates need",
      candidates: candidates.filter(({ name }) => names.includes(name)),
      works: [work],
      ratio: { kind: "against", name: names[0] as string },
      countsSystemCalls: false,
      series: [],
    },
  ];
});

/** How many times the other it was, in the rounds; undefined where one of them has no figure. */
function measured(results: Results, { of, per }: Gate): Spread | undefined {
  const own = figuresIn(results, of[1], of[0]);
  const other =
    per === "disk"
      ? results.diskSyncsPerSecond.map((syncs) => syncs / 2)
      : figuresIn(results, per[1], per[0]);
  // Of one round each, for what disturbed the machine disturbed both; not if a run failed, and they are no pairs.
  if (own.length !== other.length) return undefined;
  const isRoundTrip = results.works.find(({ name }) => name === of[1])?.kind === "round-trip";
  return spreadOf(
    own.map((figure, index) =>
      isRoundTrip ? (other[index] as number) / figure : figure / (other[index] as number),
    ),
  );
}

export function gatesText(results: Results): string {
  const rows = gates.map((one) => {
    const ratio = measured(results, one);
    const aim = showRatio(one.atLeast);
    if (ratio === undefined) return [one.of[0], one.text, aim, "-", "", "not measured"];
    const { median, min, max } = ratio;
    const verdict = median >= one.atLeast ? "hit" : "MISSED";
    return [one.of[0], one.text, aim, showRatio(median), `${showRatio(min)} - ${showRatio(max)}`, verdict];
  });
  const hit = rows.filter((row) => row.at(-1) === "hit").length;
  const missed = rows.filter((row) => row.at(-1) === "MISSED").length;
  const head = ["", "beside", "at least", "median", "min - max", ""];
  return [
    "Speed gates: how many times the other it is, by rounds",
    ...aligned([head, ...rows], 2),
    `${hit} hit, ${missed} missed, ${rows.length - hit - missed} not measured`,
  ].join("\n");
}
