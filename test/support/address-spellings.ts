/**
 * The ways to write an address so that a check of the text does not see it: those of the well-known lists of
 * server-side request forgery (PayloadsAllTheThings, OWASP's cheat sheet), made for any address.
 */
import ipaddr from "ipaddr.js";

/** One address or more of every range that is not the public internet. */
export const PRIVATE_V4 = [
  "0.0.0.0",
  "0.1.2.3",
  "10.0.0.1",
  "10.255.255.254",
  "100.64.0.1",
  "100.127.255.254",
  "127.0.0.1",
  "127.0.0.2",
  "127.127.127.127",
  "127.255.255.254",
  "169.254.0.1",
  "169.254.169.254",
  "172.16.0.1",
  "172.31.255.254",
  "192.0.0.1",
  "192.0.0.192",
  "192.0.2.1",
  "192.88.99.1",
  "192.168.0.1",
  "192.168.255.254",
  "198.18.0.1",
  "198.19.255.254",
  "198.51.100.1",
  "203.0.113.1",
  "224.0.0.1",
  "239.255.255.255",
  "240.0.0.1",
  "255.255.255.255",
];

export const PRIVATE_V6 = [
  "::",
  "::1",
  "0000::1",
  "0:0:0:0:0:0:0:1",
  "::2",
  "100::1",
  "64:ff9b::1",
  "64:ff9b:1::1",
  "2001::1",
  "2001:2::1",
  "2001:10::1",
  "2001:20::1",
  "2001:db8::1",
  "2002::1",
  "3fff::1",
  "5f00::1",
  "fc00::1",
  "fd00:ec2::254",
  "fdff:ffff::1",
  "fe80::1",
  "febf::1",
  "fec0::1",
  "feff::1",
  "ff02::1",
  "ff0e::1",
  "4000::1",
  "8000::1",
  "e000::1",
];

const FULL_WIDTH_DIGITS = "０１２３４５６７８９";
const CIRCLED_DIGITS = "⓪①②③④⑤⑥⑦⑧⑨";

function hex(value: number): string {
  return value.toString(16).padStart(2, "0");
}

/** Hosts as they stand in a URL; each means `address`, to some reader at least. */
export function spellingsOfV4(address: string): string[] {
  const [a, b, c, d] = ipaddr.IPv4.parse(address).octets as [number, number, number, number];
  const number = ((a * 256 + b) * 256 + c) * 256 + d;
  const octets = [a, b, c, d];
  const words = `${hex(a)}${hex(b)}:${hex(c)}${hex(d)}`;
  const digits = (alphabet: string): string =>
    address.replace(/\d/g, (digit) => [...alphabet][Number(digit)]!);
  return [
    address,
    `${address}.`,
    // One number.
    String(number),
    `0x${number.toString(16)}`,
    `0X${number.toString(16).toUpperCase()}`,
    `0${number.toString(8)}`,
    `0000${number.toString(8)}`,
    // Each part in octal or hex, padded, mixed.
    octets.map((octet) => `0${octet.toString(8)}`).join("."),
    octets.map((octet) => `0000${octet.toString(8)}`).join("."),
    octets.map((octet) => `0x${octet.toString(16)}`).join("."),
    octets.map((octet) => `0x0000${octet.toString(16)}`).join("."),
    `0x${a.toString(16)}.0${b.toString(8)}.${c}.${d}`,
    `0${a.toString(8)}.${b}.0x${c.toString(16)}.${d}`,
    // Fewer parts.
    `${a}.${b * 65_536 + c * 256 + d}`,
    `${a}.${b}.${c * 256 + d}`,
    `0x${a.toString(16)}.${b * 65_536 + c * 256 + d}`,
    // In an address of version 6: mapped, compatible, translated, 6to4, NAT64, Teredo.
    `[::ffff:${address}]`,
    `[::ffff:${words}]`,
    `[0:0:0:0:0:ffff:${address}]`,
    `[0000:0000:0000:0000:0000:FFFF:${words}]`,
    `[::${address}]`,
    `[::ffff:0:${address}]`,
    `[2002:${words}::]`,
    `[64:ff9b::${address}]`,
    `[64:ff9b:1::${address}]`,
    `[2001:0:${words}::]`,
    // Letters that a name is folded from.
    digits(FULL_WIDTH_DIGITS),
    digits(CIRCLED_DIGITS),
    address.replaceAll(".", "。"),
    address.replaceAll(".", "．"),
    address.replaceAll(".", "｡"),
    digits(FULL_WIDTH_DIGITS).replaceAll(".", "．"),
    // Escapes.
    address.replace(/\d/g, (digit) => `%3${digit}`),
    address.replaceAll(".", "%2e"),
    address.replaceAll(".", "%E3%80%82"),
    // Soft hyphens and joiners that folding drops.
    `\u00ad${address}`,
    address.replace(".", "\u200b."),
  ];
}

export function spellingsOfV6(address: string): string[] {
  return [
    `[${address}]`,
    `[${address.toUpperCase()}]`,
    `[${address}%25eth0]`,
    `[${address}%eth0]`,
    `[${address}%251]`,
    `%5B${address}%5D`,
  ];
}

/** Names that never mean a host on the internet. */
export const PRIVATE_NAMES = [
  "localhost",
  "LOCALHOST",
  "localhost.",
  "a.localhost",
  "ⓛⓞⓒⓐⓛⓗⓞⓢⓣ",
  "ｌｏｃａｌｈｏｓｔ",
  "loc%61lhost",
  "metadata.google.internal",
  "METADATA.google.INTERNAL",
  "metadata.google.internal.",
  "metadata.google。internal",
  "metadata.goog.internal",
  "instance-data.ec2.internal",
  "a.internal",
  "printer.local",
  "router.lan",
  "a.home.arpa",
  "localhost.localdomain",
  "metadata",
  "kubernetes",
];
