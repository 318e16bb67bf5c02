/** The `curl` that repeats an exchange. */

/** @param secret of this authorization nothing is shown; it is to be in `OPENAI_API_KEY` */
export function curlOf(
  request: { url: string; method: string; headers: Record<string, string>; body: string | undefined },
  secret?: string,
): string {
  const { url, method, headers, body } = request;
  const parts = ["curl -sN"];
  if (method !== (body === undefined ? "GET" : "POST")) parts.push(`-X ${method}`);
  parts.push(quoted(url));
  for (const [name, value] of Object.entries(headers)) {
    const hidden = secret !== undefined && value.includes(secret);
    parts.push(hidden ? `-H "${name}: Bearer $OPENAI_API_KEY"` : `-H ${quoted(`${name}: ${value}`)}`);
  }
  if (body !== undefined) parts.push(`--data-binary ${quoted(body.length > 20_000 ? "@body.json" : body)}`);
  return parts.join(" ");
}

/** One word to any POSIX shell. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
