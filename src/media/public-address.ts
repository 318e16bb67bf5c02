/** Which hosts are on the public internet: everything else is out of reach for a URL that a caller wrote. */
import ipaddr from "ipaddr.js";

/** All that is assigned to anyone on the internet of version 6. Source: IANA, IPv6 Global Unicast Address Assignments. */
const ASSIGNED_V6 = ipaddr.IPv6.parseCIDR("2000::/3");

/**
 * True for global unicast addresses alone: not for loopback, private, link-local, shared and reserved ranges, and not
 * for addresses of version 6 that hold one of version 4, as those are ways to write all of these again.
 * @param address as the system's resolver writes it, or a URL's host without brackets
 */
export function isPublicAddress(address: string): boolean {
  // The parser would take octal and short forms as well; a resolver writes neither.
  if (ipaddr.IPv4.isValidFourPartDecimal(address)) return ipaddr.IPv4.parse(address).range() === "unicast";
  if (!ipaddr.IPv6.isValid(address) || address.includes("%")) return false;
  const parsed = ipaddr.IPv6.parse(address);
  return parsed.match(ASSIGNED_V6) && parsed.range() === "unicast";
}

/** Ends of names that never mean a host on the internet. Sources: RFC 6761, RFC 6762, RFC 8375, and ICANN on `.internal`. */
const PRIVATE_ENDS = new Set([
  "localhost",
  "local",
  "internal",
  "localdomain",
  "lan",
  "arpa",
  "onion",
  "test",
]);

/**
 * False for names that belong to a machine or a network, whatever they resolve to. Names without a dot are among
 * them: a resolver completes those with the domain it is in.
 * @param name in small letters, without a dot at the end
 */
export function isPublicName(name: string): boolean {
  const dot = name.lastIndexOf(".");
  return dot > 0 && !PRIVATE_ENDS.has(name.slice(dot + 1));
}
