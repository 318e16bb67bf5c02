/** The one reading of a caller's URL: what is checked here is what is connected to. */
import { isIP } from "node:net";
import { MediaRefusal } from "./media-refusal.ts";
import { isPublicAddress, isPublicName } from "./public-address.ts";

export interface MediaUrlRules {
  ports: readonly number[];
  /** Undefined: any host on the public internet. */
  hosts?: readonly string[] | undefined;
}

/**
 * @param base where a redirect came from
 * @throws MediaRefusal
 */
export function parseMediaUrl(
  text: string,
  rules: MediaUrlRules,
  isPublic = isPublicAddress,
  base?: URL,
): URL {
  const url = URL.parse(text, base);
  if (url === null) throw new MediaRefusal("url");
  const secure = url.protocol === "https:";
  if (!secure && url.protocol !== "http:") throw new MediaRefusal("url");
  // What was asked for in secret is not read in the open.
  if (base?.protocol === "https:" && !secure) throw new MediaRefusal("redirect");
  if (url.username !== "" || url.password !== "") throw new MediaRefusal("url");
  if (url.hostname.endsWith(".")) url.hostname = url.hostname.replace(/\.+$/, "");
  const port = url.port === "" ? (secure ? 443 : 80) : Number(url.port);
  if (!rules.ports.includes(port)) throw new MediaRefusal("port");
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  if (isIP(host) === 0 ? !isPublicName(host) : !isPublic(host)) throw new MediaRefusal("name");
  if (rules.hosts !== undefined && !isListed(host, rules.hosts)) throw new MediaRefusal("name");
  return url;
}

/** @param host as a URL's parser writes it */
export function isListed(host: string, hosts: readonly string[]): boolean {
  return hosts.some((listed) => (listed.startsWith("*.") ? host.endsWith(listed.slice(1)) : host === listed));
}
