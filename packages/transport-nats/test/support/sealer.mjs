// A process that seals a buffer, and kills itself while it does: `sealer.mjs URL NAME FAILPOINT`.

const [, , url, name, failpoint] = process.argv;
let isSealing = false;
Reflect.set(globalThis, Symbol.for("@sluice/core.failpoint"), (passed) => {
  if (isSealing && passed === failpoint) process.kill(process.pid, "SIGKILL");
});
// Who imports them first has no such hook.
const { openBuffer } = await import("@sluice/core");
const { natsTransport } = await import("../../dist/index.js");
const buffer = await openBuffer(natsTransport({ url, name }));
isSealing = true;
await buffer.seal();
