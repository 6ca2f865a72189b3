/** A server of a buffer's own: on a loopback port as its clients expect it, and gone with the buffer. */

import { execFile, spawn } from "node:child_process";
import { type AddressInfo, createServer } from "node:net";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import type { Created, Readiness } from "../candidate.js";

/** A program, and how it says that clients may come. */
export interface ServerProgram {
  readonly program: string;
  /** The line that says so. */
  readonly listens: RegExp;
  /** Where it writes its lines. */
  readonly output: "stdout" | "stderr";
}

export interface ServerProcess {
  stop(): Promise<void>;
}

/** Resolves when it listens. */
export async function startServer(
  { program, listens, output }: ServerProgram,
  args: readonly string[],
): Promise<ServerProcess> {
  const server = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"] });
  const kill = () => void server.kill("SIGKILL");
  // No orphan, should the benchmark fail in the meantime.
  process.once("exit", kill);
  const ended = new Promise<void>((resolve) => {
    server.once("close", resolve);
    server.once("error", () => resolve());
  });
  // Read, or a server that says much would wait for somebody to read it.
  server[output === "stdout" ? "stderr" : "stdout"].resume();
  let last = "it cannot be started";
  const listening = new Promise<true>((resolve) => {
    createInterface({ input: server[output] }).on("line", (line) => {
      last = line;
      if (listens.test(line)) resolve(true);
    });
  });
  if ((await Promise.race([listening, ended])) !== true) {
    process.off("exit", kill);
    throw new Error(`${program}: ${last}`);
  }
  return {
    async stop() {
      // What it keeps goes with the directory, and a polite end takes it a tenth of a second.
      kill();
      await ended;
      process.off("exit", kill);
    },
  };
}

/** Makes a buffer in a server of its own, which ends with the buffer, and at once where none can be made in it. */
export async function createdIn<S extends ServerProcess>(
  starting: Promise<S>,
  create: (server: S) => Promise<Created>,
): Promise<Created> {
  const server = await starting;
  try {
    const created = await create(server);
    return {
      ...created,
      async destroy() {
        try {
          await created.destroy();
        } finally {
          await server.stop();
        }
      },
    };
  } catch (error) {
    await server.stop();
    throw error;
  }
}

/** Whether it is there, and new enough: `min` is the lowest [major, minor], and why. */
export async function serverReadiness(
  program: string,
  min: { readonly version: readonly [major: number, minor: number]; readonly why: string },
  signal: AbortSignal,
): Promise<Readiness> {
  try {
    const { stdout } = await promisify(execFile)(program, ["--version"], { signal });
    const version = /v=?(?<version>\d\S*)/.exec(stdout)?.groups?.["version"] ?? stdout.trim();
    const [major = 0, minor = 0] = version.split(".").map(Number);
    const [majorMin, minorMin] = min.version;
    if (major < majorMin || (major === majorMin && minor < minorMin))
      return {
        isReady: false,
        why: `${program} is ${version}, and ${min.version.join(".")} is needed: ${min.why}`,
      };
    return { isReady: true, version: `${program} ${version}` };
  } catch {
    const install = `apt-get install --no-install-recommends ${program}`;
    return { isReady: false, why: `there is no ${program}`, install };
  }
}

/** One that was free a moment ago: the start fails if somebody else was quicker. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return port;
}
