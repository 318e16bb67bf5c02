/** Name resolution for connections that callers can ask for: checked in the moment of dialling, as names can change. */
import type { LookupAddress } from "node:dns";
import { Resolver } from "node:dns/promises";
import type { LookupFunction } from "node:net";
import { MediaRefusal } from "./media-refusal.ts";

/** All addresses of a host name. */
export type Resolve = (hostname: string) => Promise<LookupAddress[]>;

/**
 * Asks the name servers alone. The system's own call would also look into the hosts file and complete names, and it
 * takes one of four threads that the whole process shares, for as long as a name server of the caller's choice is slow.
 */
export async function resolveByDns(hostname: string): Promise<LookupAddress[]> {
  const resolver = new Resolver({ timeout: 1_000, tries: 2 });
  const [v4, v6] = await Promise.allSettled([resolver.resolve4(hostname), resolver.resolve6(hostname)]);
  return [
    ...(v4.status === "fulfilled" ? v4.value.map((address) => ({ address, family: 4 })) : []),
    ...(v6.status === "fulfilled" ? v6.value.map((address) => ({ address, family: 6 })) : []),
  ];
}

/**
 * For `net.connect`, which dials exactly what this gives. A host with even one address that is not public is refused:
 * no honest one has any.
 */
export function publicLookup(resolve: Resolve, isPublic: (address: string) => boolean): LookupFunction {
  return (hostname, options, callback) => {
    const refuse = (error: unknown): void =>
      callback(error instanceof Error ? error : new MediaRefusal("address"), "", 0);
    resolve(hostname).then((addresses) => {
      const [first] = addresses;
      if (first === undefined || !addresses.every(({ address }) => isPublic(address))) {
        refuse(new MediaRefusal("address"));
      } else if (options.all === true) callback(null, addresses);
      else callback(null, first.address, first.family);
    }, refuse);
  };
}
