// Handles items, and then never gets to the end of its exit, as Node itself does now and then.
export default function consume() {}

process.on("exit", () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0));
