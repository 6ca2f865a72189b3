/** Milliseconds of the machine's monotonic clock: the same for all processes of one boot, untouched by the wall clock. */
export function monotonicMs(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1000 + Math.floor(nanoseconds / 1e6);
}
