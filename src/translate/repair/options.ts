/** What a repair needs that the upstream's answer may lack. */
export interface RepairOptions {
  /** Completion id for an answer without one. */
  id: string;
  /** Unix seconds, for an answer that does not say when it was made. */
  created: number;
  /** Model name for an answer without one, as the caller wrote it. */
  model: string;
  /** A fresh id for a tool call whose own is missing, empty or taken. */
  mintToolCallId: () => string;
  /**
   * Where a stream tells its usage: `last` (default) once, in a chunk of its own at the end; `every`: wherever the
   * upstream does (vLLM's `continuous_usage_stats` was asked for); `none`: nowhere, as OpenAI does unless
   * `stream_options.include_usage` is set.
   */
  usage?: "last" | "every" | "none";
}
