// A server of a program's own keeps nobody: neither the program, nor itself when that has ended.
import { endOfOwnServer } from "@sluice/test-support";
import { expect, test } from "vitest";
import { noServer } from "./support/servers.js";

test.skipIf(noServer)("a program that has nothing else to do ends, and its server with it", async () => {
  const code = await endOfOwnServer(new URL("../dist/index.js", import.meta.url));
  expect(code, "how the program ended").toBe(0);
});
