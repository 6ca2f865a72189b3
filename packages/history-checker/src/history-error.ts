/** A history that cannot be judged, since it cannot have been written down like that: what, where, and what was expected. */
export class HistoryError extends Error {
  override readonly name: string = "HistoryError";
  /** For whoever has two copies of this package. */
  readonly code = "HISTORY_INVALID";
}
