/** What a run has around it, and what of that is cleared away when it has ended. */

import { existsSync } from "node:fs";
import { type BufferAddress, isBufferError, openAddress, type RunReport } from "@sluice/core";
import type { DemoOptions } from "./args.js";
import type { HeardSignals } from "./hear-signals.js";
import { type Input, openInput, openOutput } from "./input.js";
import { type LineServer, serveLines } from "./line-server.js";
import type { OutputFile } from "./output-file.js";
import { type Place, placeFor } from "./place.js";
import { producerBatch } from "./plan.js";
import type { Adapter, OwnServer } from "./transports.js";

export interface Surroundings {
  input?: Input;
  output?: OutputFile;
  lines?: LineServer;
  place?: Place;
  server?: OwnServer;
}

export interface Outcome {
  readonly report: RunReport;
  /** The buffer, where the run has left it. */
  readonly left: BufferAddress | undefined;
  /** Whether it stays. */
  readonly isKept: boolean;
}

/** One after the other into `around`: what is there already is cleared away should the next one fail. */
export async function setUp(
  around: Surroundings,
  options: DemoOptions,
  adapter: Adapter,
  signals: HeardSignals,
): Promise<void> {
  const { input: from, output: to } = options;
  if (from !== undefined) around.input = await signals.whileOpening(() => openInput(from));
  const { input } = around;
  if (to !== undefined) {
    const open = () => openOutput(to, input);
    // One that is made does not keep us waiting, and must not be left behind.
    around.output = existsSync(to) ? await signals.whileOpening(open) : await open();
  }
  if (input !== undefined) around.lines = await serveLines(input.stream, producerBatch(options));
  if (options.url !== undefined || adapter.folder === undefined) return;
  around.place = placeFor(options.path, adapter.folder);
  const server = await adapter.startServer?.(around.place.path);
  if (server !== undefined) around.server = server;
}

/** @param outcome - undefined of a run that did not come to its end. */
export async function clearAway(
  { input, output, lines, place, server }: Surroundings,
  outcome: Outcome | undefined,
  { journal }: DemoOptions,
  { hasBroker }: Adapter,
): Promise<void> {
  const { report, left, isKept = false } = outcome ?? {};
  await lines?.close();
  input?.stream.destroy();
  // Its broker ends with this process: sooner, so that it takes its socket with it. One that was killed has left it there.
  const isLost = left === undefined ? report?.drained === false : !isKept && !(await destroyAt(left));
  if (hasBroker && isLost) place?.sweep();
  await server?.stop();
  if (server !== undefined) place?.sweep();
  if (!isKept) place?.tidy();
  // Its broker leaves the place when this process ends.
  else if (journal !== undefined) process.once("exit", () => place?.tidy());
  if (outcome === undefined) await output?.forget();
  else await output?.finish();
}

/** False if its broker was killed: then nobody is there. */
async function destroyAt(address: BufferAddress): Promise<boolean> {
  try {
    await (await openAddress(address)).destroy();
    return true;
  } catch (error) {
    return !isBufferError(error, "BUFFER_NOT_FOUND");
  }
}
