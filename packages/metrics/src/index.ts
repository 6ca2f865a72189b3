/** What the metrics are, as data: for a dashboard, or the views of a meter provider. Needs nothing but Node. */

export { BUFFER_METRICS, type MetricDefinition, RUN_METRICS } from "./metric-list.js";
