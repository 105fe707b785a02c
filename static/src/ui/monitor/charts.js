// What is drawn over time: for each chart its lines, as they are between two readings.

const done = ({ code }) => code === "0";
const refused = ({ code }) => code !== "0";
const status = (first) => ({ status }) => status.startsWith(first);
const milliseconds = (seconds) => (seconds === null ? null : seconds * 1000);
const mebibytes = (bytes) => (bytes === null ? null : bytes / 2 ** 20);
const named = (values, names) =>
  Object.fromEntries(Object.entries(names).map(([key, shown]) => [shown, values[key] ?? 0]));

export const CHARTS = [
  {
    title: "Operations", unit: "a second",
    lines: (interval) => ({
      "done": interval.rate("baton_operations_total", done),
      "refused": interval.rate("baton_operations_total", refused),
    }),
  },
  {
    title: "Time until durable", unit: "ms",
    lines: (interval) => ({
      "median": milliseconds(interval.quantile("baton_operation_duration_seconds", 0.5)),
      "95 %": milliseconds(interval.quantile("baton_operation_duration_seconds", 0.95)),
      "99 %": milliseconds(interval.quantile("baton_operation_duration_seconds", 0.99)),
    }),
  },
  {
    title: "Waiting in queues", unit: "interactions",
    lines: (interval) => interval.by("baton_queue_interactions", "queue", ({ state }) => state === "waiting"),
  },
  {
    title: "Oldest in a queue", unit: "s",
    lines: (interval) => interval.by("baton_queue_oldest_seconds", "queue"),
  },
  {
    title: "Active interactions", unit: "interactions",
    lines: (interval) => interval.by("baton_interactions", "state"),
  },
  {
    title: "Agents", unit: "agents",
    lines: (interval) =>
      named(interval.by("baton_agents", "state"), { ready: "ready", not_ready: "not ready", lost: "lost" }),
  },
  {
    title: "Push sessions", unit: "sessions",
    lines: (interval) => interval.by("baton_sessions", "carrier", ({ carrier }) => carrier !== "none"),
  },
  {
    title: "Notifications", unit: "a second",
    lines: (interval) => ({
      "delivered": interval.rate("baton_notifications_delivered_total"),
      "dropped": interval.rate("baton_notifications_dropped_total"),
    }),
  },
  {
    title: "Responses", unit: "a second",
    lines: (interval) => ({
      "2xx": interval.rate("baton_http_responses_total", status("2")),
      "4xx": interval.rate("baton_http_responses_total", status("4")),
      "5xx": interval.rate("baton_http_responses_total", status("5")),
    }),
  },
  {
    title: "Time of a write to disk", unit: "ms",
    lines: (interval) => ({
      "median": milliseconds(interval.quantile("baton_journal_commit_duration_seconds", 0.5)),
      "99 %": milliseconds(interval.quantile("baton_journal_commit_duration_seconds", 0.99)),
    }),
  },
  {
    title: "On disk", unit: "MiB",
    lines: (interval) => ({
      "journal": mebibytes(interval.value("baton_journal_bytes")),
      "state snapshots": mebibytes(interval.value("baton_state_snapshot_bytes")),
    }),
  },
  {
    title: "Memory", unit: "MiB",
    lines: (interval) => ({ "resident": mebibytes(interval.value("process_resident_memory_bytes")) }),
  },
];
