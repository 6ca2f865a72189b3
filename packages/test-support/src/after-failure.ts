/** A program that cannot use its server, and what it has left when it has been told so. */

import { execFile } from "node:child_process";
import { promisify } from "node:util";

const PROGRAM = `
  const [, core, module, factory, options] = process.argv;
  const [{ openBuffer }, { [factory]: transport }] = await Promise.all([import(core), import(module)]);
  const { code } = await openBuffer(transport(JSON.parse(options))).catch((error) => error);
  // Its own two pipes are among them from when they are looked at, and keep nothing.
  const pipes = [process.stdout, process.stderr];
  const kept = () => {
    const all = process.getActiveResourcesInfo();
    for (const _ of pipes) all.splice(all.indexOf("PipeWrap"), 1);
    return all;
  };
  // What is on its way out takes some turns; what waits for somebody, or for a time, far more.
  for (let turn = 0; turn < 100 && kept().length > 0; turn++) await new Promise(setImmediate);
  process.stdout.write(JSON.stringify({ code, kept: kept() }));
`;
/** Of how long it takes a test says nothing. */
const ENDS_MS = 60_000;

export interface AfterFailure {
  /** What the call was told. */
  readonly code: string | undefined;
  /** By what Node was kept alive then. */
  readonly kept: readonly string[];
}

/**
 * Runs a program that opens a buffer, and has nothing else to do. Rejects where it does not end by itself.
 *
 * @param module - has the factory of the transport.
 * @param options - of the factory, as JSON.
 */
export async function afterFailure(module: URL, factory: string, options: object): Promise<AfterFailure> {
  const core = import.meta.resolve("@sluice/core");
  const args = [
    "--input-type=module",
    "--eval",
    PROGRAM,
    core,
    module.href,
    factory,
    JSON.stringify(options),
  ];
  const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: ENDS_MS });
  return JSON.parse(stdout) as AfterFailure;
}
