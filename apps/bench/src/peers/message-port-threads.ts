/** The process whose threads are the workers of `message-port.ts`: makes the ports between them, and starts them. */

import { Socket } from "node:net";
import { fileURLToPath } from "node:url";
import { MessageChannel, Worker } from "node:worker_threads";
import type { Job } from "../worker-messages.js";
import { type PortEnd, type PortsByBuffer, placesOf } from "./message-port.js";

// Where `startUnder` has the first worker's standard input and output.
const FIRST_DESCRIPTOR = 3;

type Told = Pick<Job, "role" | "addresses">;
interface Address {
  readonly path: string;
  readonly capacity: number;
}

const jobs = JSON.parse(process.argv[2] as string) as readonly Told[];
const addresses = (jobs[0]?.addresses ?? []) as unknown as readonly Address[];
const ends = jobs.map((): Record<string, PortEnd[]> => ({}));

// An echo puts into the second buffer what it took from the first.
function puts({ role }: Told, buffer: number): boolean {
  return role === "producer" || role === (buffer === 0 ? "caller" : "echo");
}

for (const [buffer, { path, capacity }] of addresses.entries()) {
  const of = (doesPut: boolean) =>
    [...jobs.keys()].filter((job) => puts(jobs[job] as Told, buffer) === doesPut);
  const pairs = of(true).flatMap((from) => of(false).map((to) => [from, to] as const));
  const places = placesOf(capacity, pairs.length);
  for (const [index, [from, to]] of pairs.entries()) {
    const { port1, port2 } = new MessageChannel();
    const end = (job: number) => {
      const own = ends[job] as Record<string, PortEnd[]>;
      own[path] ??= [];
      return own[path];
    };
    end(from).push({ port: port1, places: places[index] as number });
    end(to).push({ port: port2, places: places[index] as number });
  }
}

const program = fileURLToPath(new URL("../worker.js", import.meta.url));
for (const [index, own] of ends.entries()) {
  const workerData: PortsByBuffer = own;
  const transferList = Object.values(own)
    .flat()
    .map(({ port }) => port);
  const thread = new Worker(program, { workerData, transferList, stdin: true, stdout: true });
  const lines = new Socket({ fd: FIRST_DESCRIPTOR + index, readable: true, writable: true });
  lines.pipe(thread.stdin as NodeJS.WritableStream);
  thread.stdout.pipe(lines, { end: false });
  thread.once("exit", (code) => {
    if (code !== 0) process.exit(1);
    lines.destroy();
  });
}
