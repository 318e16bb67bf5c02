/** What an upstream says of an error, as a caller may read it, and as the operator may. */

const MAX_LENGTH = 2000;

export interface UpstreamWords {
  /** For the caller. */
  told: string;
  /** For the operator's log, where that is more. */
  said: string | undefined;
}

/**
 * The upstream's words, short, without pages and without keys: Google quotes a suspended API key in full. Undefined
 * when there are none.
 * @param isTheirs the project and the addresses in it are the reader's own
 */
export function upstreamWords(message: string | undefined, isTheirs: boolean): UpstreamWords | undefined {
  if (message === undefined || /<(!doctype|html|head|body)\b/i.test(message)) return undefined;
  const cut = message.length > MAX_LENGTH ? `${message.slice(0, MAX_LENGTH)}...` : message;
  const said = withoutKeys(cut);
  const told = isTheirs ? withoutStack(said) : withoutInternals(said);
  return { told, said: told === said ? undefined : said };
}

function withoutKeys(text: string): string {
  return text
    .replace(/\bAIza[\w-]{10,}/g, "[key]")
    .replace(/\bya29\.[\w.-]+/g, "[token]")
    .replace(/\bBearer\s+[\w.~+/=-]{8,}/gi, "Bearer [token]");
}

/** Pages that anyone may read, and that say what to do. */
const PUBLIC_PAGE = /^https:\/\/(cloud\.google\.com|ai\.google\.dev|developers\.google\.com)\//;

/** Capital words stand for what is not told, as in the commands that mend a sign-in. */
function withoutInternals(text: string): string {
  return (
    withoutStack(text)
      .replace(/\bhttps?:\/\/[^\s"'`<>()]+/g, (url) =>
        PUBLIC_PAGE.test(url) ? url.replace(/[?#].*$/, "") : "URL",
      )
      .replace(/\bprojects\/[\w:.-]*\w/g, "projects/PROJECT")
      .replace(
        /\b(--project[= ]|projects?[ _]?(?:number|id)?[ =:'"`]{1,2})([\w:.-]*\w)/gi,
        (whole, before: string, id: string) => (isProjectId(id) ? `${before}PROJECT` : whole),
      )
      .replace(/[\w.+-]+@[\w-]+(?:\.[\w-]+)*\.gserviceaccount\.com\b/g, "ACCOUNT")
      // Private addresses (RFC 1918), and what listens there.
      .replace(/\b(?:10|127|192\.168|172\.(?:1[6-9]|2\d|3[01]))(?:\.\d{1,3}){2,3}(?::\d{1,5})?\b/g, "ADDRESS")
  );
}

/** Frames of any runtime: `    at f (file:1:2)`, `  File "x.py", line 3`, `goroutine 1 [running]`. */
function withoutStack(text: string): string {
  const frame = /\r?\n\s*(?:at \S|File "|Traceback \(|goroutine \d|#\d+ )/.exec(text);
  return frame === null ? text : text.slice(0, frame.index);
}

/** A number, or a name with a digit or hyphen in it: any other word may be just a word behind "project". */
function isProjectId(text: string): boolean {
  return /^\d{6,}$/.test(text) || (/^[a-z][\w:.-]{4,}$/.test(text) && /[\d-]/.test(text));
}
