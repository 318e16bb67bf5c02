// The faults and bad inputs that docs/reliability.md tells of: what happens, and what Pollux must do. A test shows a
// row when its name, or the name of a group it stands in, begins with the row's id. `waits` is why a row has none yet.

/** @typedef {{ id: string, fault: string, behaviour: string, waits?: string }} Row */

/** @type {Row[]} */
export const FAULTS = [
  row(
    "F-01",
    "The client leaves in the middle of a stream",
    "The upstream socket is gone within 250 ms; the slot is free; the outcome says that the client left.",
  ),
  row("F-02", "The client leaves while it waits for a whole answer", "The same: nothing goes on generating."),
  row(
    "F-03",
    "The client leaves while its request is queued",
    "It leaves the queue, and no upstream call is made.",
  ),
  row(
    "F-04",
    "The client closes its sending side only and reads on",
    "It gets its answer. A client that has really gone is told apart by probing it, and noticed within 250 ms.",
  ),
  row(
    "F-05",
    "A client that reads slowly, or not at all",
    "The upstream is paused, memory is bounded, and the client is let go when what waits for it is not taken in time (`limits.slowClientMs`).",
  ),
  row(
    "F-06",
    "Headers that come a byte at a time",
    "408 and the connection closed at `limits.headersTimeoutMs`; others notice nothing.",
  ),
  row(
    "F-07",
    "A body that comes a byte at a time",
    "408 at `limits.bodyTimeoutMs`, sooner when it comes slower than `limits.minBodyBytesPerSecond`.",
  ),
  row(
    "F-08",
    "A body over the limit, its length announced or not",
    "413 as soon as it is known, and the connection closed; memory stays flat.",
  ),
  row("F-09", "A body shorter or longer than its announced length", "A clear end, and never a hang."),
  row(
    "F-10",
    "Pipelined requests; thousands of idle connections",
    "Answers in order; idle connections are closed; a cap for each address; health answers all the while.",
  ),
  row(
    "F-13",
    "A thousand clients, three attempts each, all upstreams at 503",
    "The upstream sees at most 1.2 times the load offered; answers carry `retry-after-ms` with jitter.",
  ),
  row(
    "F-15",
    "The upstream refuses connections",
    "Another target if there is one, else 502 or 503 in less than a second.",
  ),
  row(
    "F-16",
    "The upstream's name does not resolve, or slowly",
    "A bounded time to connect, then 502; a failure is not remembered for more than a second.",
  ),
  row("F-17", "A connection attempt that nobody answers", "The connect timeout, then the next target."),
  row(
    "F-18",
    "TLS that fails: expired, wrong name, not TLS at all",
    "502 without repeating, and never plain text.",
  ),
  row(
    "F-19",
    "A kept connection that the upstream has just closed",
    "One repeat on a fresh connection; the client notices nothing.",
  ),
  row(
    "F-20",
    "A reset after the request was sent and before an answer",
    "502 that says it may be repeated; never repeated blindly.",
  ),
  row("F-21", "The upstream accepts and never answers", "The first-byte timer, and 504 that names it."),
  row(
    "F-22",
    "The upstream falls silent in the middle of a stream",
    "Keep-alive comments while waiting, then the idle timer and an error inside the stream.",
  ),
  row("F-23", "Six minutes of thinking, then data", "It works: no timer below ours cuts it."),
  row("F-24", "One byte at a time from upstream", "The same output."),
  row(
    "F-25",
    "A character cut between two reads, at every offset",
    "The same text, with no replacement characters.",
  ),
  row(
    "F-26",
    "CRLF, lone CR, comments, byte order marks, data on several lines",
    "Read as the standard of server-sent events says.",
  ),
  row(
    "F-27",
    "An event of 5 MB; a line without an end",
    "Taken up to the cap, an error beyond it; memory is bounded.",
  ),
  row(
    "F-28",
    "A compressed stream, or one that says so wrongly",
    "Refused with a clear error; `identity` is what is asked for.",
  ),
  row("F-29", "A JSON array where server-sent events were asked for", "A clear error."),
  row(
    "F-30",
    "An HTML page, with status 200 or 502",
    "502 `bad_upstream_response`, with nothing of the page.",
  ),
  row(
    "F-31",
    "An error object inside a started stream",
    "An error event that the official SDKs throw, nothing after it, and no finish.",
  ),
  row("F-32", "A stream that ends with no finish reason", "An error (`upstream_truncated`), never `stop`."),
  row("F-33", "A stream cut inside an event", "As F-32."),
  row(
    "F-34",
    "Finish reasons of refusal, of broken calls, and unknown ones",
    "A documented mapping; an unknown one never becomes `stop`.",
  ),
  row(
    "F-35",
    "A prompt that is blocked, with no candidates",
    "`content_filter` with empty content; never an empty success.",
  ),
  row(
    "F-36",
    "Usage missing, or on several events",
    "The last one counts, as it is cumulative; a missing one is zeros, which is what OpenAI's types allow: nothing is estimated.",
  ),
  row(
    "F-37",
    "429, with a wait or without",
    "The target is left alone for the wait, the next one is asked, and the client learns the wait.",
  ),
  row("F-38", "401 for a token that was good", "One renewal shared by all, one repeat, then 502."),
  row(
    "F-39",
    "A brown-out: a third of the answers 503, the rest slow",
    "The circuit opens and probes; with one healthy fallback at least 99 % are answered.",
  ),
  row(
    "F-40",
    "Tool calls split, in parallel, of one name, without ids",
    "Stable ids, right indexes, JSON that is whole at the end.",
  ),
  row(
    "F-41",
    "A client that drops thought signatures",
    "They are put back from memory, or Google's documented bypass with a note; never a surprising 400.",
  ),
  row("F-42", "Five hundred requests at a cold start", "One token refresh; refreshed ahead of its end."),
  row(
    "F-43",
    "The token endpoint is down for ten minutes",
    "No failed request while the token lives; a warning; readiness stays up.",
  ),
  row("F-44", "The token endpoint is slow", "Requests use the token they have."),
  row("F-45", "The token ends during a long stream", "The stream goes on; the next call has a new one."),
  row("F-46", "A clock that is wrong, or jumps", "Durations are monotonic; `pollux doctor` tells the skew."),
  row(
    "F-47",
    "Leap seconds, the change to summer time, the end of a period",
    "Windows are monotonic and time stamps are UTC; there are no budget periods yet.",
  ),
  row(
    "F-60",
    "SIGTERM with a hundred streams open",
    "Not ready at once, alive to the end, streams finish until `limits.drainMs`, then an error inside them; exit 0.",
  ),
  row("F-61", "A second signal", "An immediate and orderly end."),
  row("F-62", "A platform that kills after ten seconds", "Everything is over in less."),
  row(
    "F-63",
    "An exception in one request",
    "That request gets 500; the process lives. One outside of all requests ends it loudly.",
  ),
  row(
    "F-64",
    "Bodies of 20 MB, again and again",
    "Other streams go on: the delay of the event loop stays under 200 ms (p99).",
  ),
  row(
    "F-65",
    "Memory runs low",
    "Load is shed in steps, with 503 and `retry-after`; the process lives and recovers.",
  ),
  row(
    "F-66",
    "File descriptors run out",
    "Connections wait or are refused, it is logged once, and the process recovers.",
  ),
  row(
    "F-67",
    "A configuration with a mistake is loaded",
    "The old one stays; the error names file, line and key.",
  ),
  row(
    "F-68",
    "A changed configuration drops a model with streams open",
    "The streams finish under the old one.",
  ),
  row("F-69", "Nobody reads the log", "Requests go on; lines are dropped and counted."),
  row(
    "F-70",
    "The collector of spans is down or silent",
    "A bounded queue, a counter of what was dropped, and no delay.",
  ),
];

/** @type {Row[]} */
export const BAD_INPUTS = [
  row(
    "S-01",
    "Keys that are missing, empty, doubled, huge, not ASCII, of another scheme",
    "401 or 431 at once, in OpenAI's shape.",
  ),
  row("S-02", "SQL, NUL and template characters as a key", "401, and nothing else happens."),
  row("S-03", "A key in the query or the body", "Not accepted, and never logged."),
  row(
    "S-06",
    "A hundred bad keys a second from one address",
    "Throttled; good keys from there go on working.",
  ),
  row("S-08", "Odd spellings of /admin", "401 or 404, always."),
  row("S-09", "Headers that name another method or path", "Ignored."),
  row("S-13", "A foreign Host at a gateway without keys (DNS rebinding)", "403."),
  row("S-15", "Listening for other machines without keys", "Refused at the start."),
  row(
    "S-18",
    "Media at private, local and reserved addresses, in every spelling",
    "Refused, and no packet is sent.",
  ),
  row("S-19", "A name that is public when checked and private when dialled", "Refused at dial time."),
  row("S-20", "Redirects to private addresses, other schemes, in circles", "Refused; every hop is checked."),
  row("S-21", "URLs that two parsers read differently", "Refused, or read in one way only."),
  row("S-22", "Media without end, bombs, wrong types, drips", "Capped by bytes, time and type."),
  row("S-23", "A gs:// bucket that is not allowed", "400."),
  row(
    "S-24",
    "Ids with `/ # ? @ % .. \\` and line breaks",
    "400; the upstream host never differs from the configured one.",
  ),
  row("S-25", "Headers of the caller that name hosts or projects", "They do not reach the upstream."),
  row("S-26", "Redirects from the upstream", "Never followed."),
  row("S-28", "Where access tokens go", "To Google's hosts, or the configured one, only."),
  row(
    "S-30",
    "200 MB bodies, endless chunks, 10,000 headers, 100,000 parameters",
    "413, 431 or 414; memory stays flat.",
  ),
  row("S-31", "Nesting of 100,000 levels", "400 within milliseconds."),
  row("S-32", "`__proto__`, `constructor`, `toString` as names", "Harmless, in this request and the next."),
  row("S-33", "A key given twice", "The last counts, everywhere."),
  row("S-34", "NaN, Infinity, 1e400, 2^53+1, floats for integers", "400 with `param`, or exact."),
  row(
    "S-35",
    "Lone surrogates, NUL, byte order marks, bytes that are no UTF-8",
    "400, or an exact round trip.",
  ),
  row(
    "S-36",
    "100,000 messages or parts, 10,000 tools or stop sequences",
    "400 by a count that is documented.",
  ),
  row(
    "S-37",
    "Schemas that refer to themselves, or expand without end",
    "Bounded time, and an error that names the path.",
  ),
  row("S-38", "Base64 that is none; a type that is not the declared one", "400."),
  row("S-39", "`n: 1000`, `max_tokens: 2^31`, `temperature: 1e9`", "400, or as the table of fields says."),
  row("S-40", "Compressed request bodies", "415."),
  row(
    "S-41",
    "Two lengths, unknown codings, folded headers, bare line feeds",
    "400, and the connection closed.",
  ),
  row("S-42", "Expect, Upgrade, CONNECT, TRACE", "405, 417, or as if they were not there."),
  row(
    "S-43",
    "Content types that are missing or wrong",
    "415; what `curl -d` sends is taken, but not from a web page.",
  ),
  row("S-44", "5,000 streams opened and never read", "Memory is bounded, and they are let go."),
  row(
    "S-46",
    "Secrets and prompts, planted in every input",
    "In no log, metric, span, error or crash report.",
  ),
  row(
    "S-47",
    "Upstream errors with internal projects and addresses",
    "Rewritten for the client; the original is in the operator's log.",
  ),
  row("S-48", "Model output with scripts and terminal codes", "Printed inert by the command line."),
  row("S-49", "Line breaks in names and user fields", "No second log line, no second header."),
  row(
    "S-50",
    "`/metrics`, `/debug`, `/.env`, `/.git` from outside",
    "Not without a key, or not there; no labels from user input.",
  ),
  row(
    "S-55",
    "Installing without scripts",
    "A working server; no production dependency has an install script.",
  ),
];

function row(id, fault, behaviour) {
  return { id, fault, behaviour };
}
