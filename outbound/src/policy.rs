//! Which addresses a user's URL may lead to: global unicast, and what the operator lets through. Pure: it resolves
//! nothing and opens nothing; `resolver` and `exchange` ask it before every connection.
//!
//! Sources: the IANA special-purpose address registries (RFC 6890 and its updates), RFC 6052 (NAT64), RFC 3056 (6to4),
//! RFC 4380 (Teredo).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

/// IPv4 blocks that are not global unicast.
const DENIED_V4: [Ipv4Net; 18] = [
    v4([0, 0, 0, 0], 8),        // this network
    v4([10, 0, 0, 0], 8),       // private
    v4([100, 64, 0, 0], 10),    // carrier-grade NAT
    v4([127, 0, 0, 0], 8),      // loopback
    v4([168, 63, 129, 16], 32), // global on paper; inside Azure, the host's control endpoint
    v4([169, 254, 0, 0], 16),   // link-local, cloud metadata
    v4([172, 16, 0, 0], 12),    // private
    v4([192, 0, 0, 0], 24),     // IETF protocol assignments
    v4([192, 0, 2, 0], 24),     // documentation
    v4([192, 31, 196, 0], 24),  // AS112
    v4([192, 52, 193, 0], 24),  // AMT
    v4([192, 88, 99, 0], 24),   // 6to4 relays, retired
    v4([192, 168, 0, 0], 16),   // private
    v4([198, 18, 0, 0], 15),    // benchmarks
    v4([198, 51, 100, 0], 24),  // documentation
    v4([203, 0, 113, 0], 24),   // documentation
    v4([224, 0, 0, 0], 4),      // multicast
    v4([240, 0, 0, 0], 4),      // reserved, broadcast
];

/// Everything that IANA has given out as global unicast; the rest of IPv6 is denied without being named.
const GLOBAL_V6: Ipv6Net = v6([0x2000, 0, 0, 0], 3);

/// Blocks inside it that are not.
const DENIED_V6: [Ipv6Net; 3] = [
    v6([0x2001, 0, 0, 0], 23),     // IETF protocol assignments (Teredo is judged before)
    v6([0x2001, 0xdb8, 0, 0], 32), // documentation
    v6([0x3fff, 0, 0, 0], 20),     // documentation
];

const NAT64: Ipv6Net = v6([0x64, 0xff9b, 0, 0], 96);
const SIX_TO_FOUR: Ipv6Net = v6([0x2002, 0, 0, 0], 16);
const TEREDO: Ipv6Net = v6([0x2001, 0, 0, 0], 32);

const fn v4([a, b, c, d]: [u8; 4], prefix: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), prefix)
}

const fn v6([a, b, c, d]: [u16; 4], prefix: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0), prefix)
}

/// The one rule about addresses. An IPv6 address that carries an IPv4 one is judged by that.
#[derive(Debug, Clone, Default)]
pub struct AddressPolicy {
    allow: Vec<IpNet>,
}

impl AddressPolicy {
    /// Global unicast, and the given blocks.
    #[must_use]
    pub fn new(allow: Vec<IpNet>) -> Self {
        Self { allow }
    }

    /// Whether a connection to that address may be opened.
    #[must_use]
    pub fn permits(&self, address: IpAddr) -> bool {
        let judged = match address {
            IpAddr::V6(v6) => embedded_v4(v6).map_or(address, IpAddr::V4),
            IpAddr::V4(_) => address,
        };
        self.allow.iter().any(|net| net.contains(&address) || net.contains(&judged))
            || is_global_unicast(judged)
    }
}

fn is_global_unicast(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => !DENIED_V4.iter().any(|net| net.contains(&v4)),
        IpAddr::V6(v6) => GLOBAL_V6.contains(&v6) && !DENIED_V6.iter().any(|net| net.contains(&v6)),
    }
}

/// The IPv4 address where packets to that IPv6 address end up.
fn embedded_v4(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let bits = address.to_bits();
    let low = u32::try_from(bits & u128::from(u32::MAX)).expect("32 bits remain");
    if SIX_TO_FOUR.contains(&address) {
        let after_prefix = u32::try_from((bits >> 80) & u128::from(u32::MAX)).expect("32 bits remain");
        return Some(Ipv4Addr::from_bits(after_prefix));
    }
    if TEREDO.contains(&address) {
        return Some(Ipv4Addr::from_bits(!low)); // the client's address, every bit inverted
    }
    // ::ffff:a.b.c.d, and the retired ::a.b.c.d, of which ::1 and :: are members: 0.0.0.0/8 denies them.
    let mapped_or_compatible = address.to_ipv4().is_some();
    (mapped_or_compatible || NAT64.contains(&address)).then(|| Ipv4Addr::from_bits(low))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn permits(policy: &AddressPolicy, address: &str) -> bool {
        policy.permits(address.parse().unwrap())
    }

    #[test]
    fn global_unicast_is_permitted_up_to_the_edges_of_denied_blocks() {
        let policy = AddressPolicy::default();
        for address in [
            "1.0.0.0",
            "1.1.1.1",
            "8.8.8.8",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.0",
            "168.63.129.15",
            "168.63.129.17",
            "169.253.255.255",
            "169.255.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "191.255.255.255",
            "192.0.1.0",
            "192.0.3.0",
            "192.88.98.255",
            "192.88.100.0",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "198.51.99.255",
            "198.51.101.0",
            "203.0.112.255",
            "203.0.114.0",
            "223.255.255.255",
            "2001:200::",
            "2606:4700::1111",
            "2a00:1450::1",
            "3ffe:ffff::",
            "2003::1",
            "2001:db7::1",
            "2001:db9::1",
        ] {
            assert!(permits(&policy, address), "{address} is global unicast");
        }
    }

    #[test]
    fn first_and_last_address_of_every_special_block_is_denied() {
        let policy = AddressPolicy::default();
        for (first, last) in [
            ("0.0.0.0", "0.255.255.255"),
            ("10.0.0.0", "10.255.255.255"),
            ("100.64.0.0", "100.127.255.255"),
            ("127.0.0.0", "127.255.255.255"),
            ("168.63.129.16", "168.63.129.16"),
            ("169.254.0.0", "169.254.255.255"),
            ("172.16.0.0", "172.31.255.255"),
            ("192.0.0.0", "192.0.0.255"),
            ("192.0.2.0", "192.0.2.255"),
            ("192.31.196.0", "192.31.196.255"),
            ("192.52.193.0", "192.52.193.255"),
            ("192.88.99.0", "192.88.99.255"),
            ("192.168.0.0", "192.168.255.255"),
            ("198.18.0.0", "198.19.255.255"),
            ("198.51.100.0", "198.51.100.255"),
            ("203.0.113.0", "203.0.113.255"),
            ("224.0.0.0", "239.255.255.255"),
            ("240.0.0.0", "255.255.255.255"),
            ("::", "::1"),
            ("100::", "100::ffff:ffff:ffff:ffff"),
            ("64:ff9b:1::", "64:ff9b:1:ffff:ffff:ffff:ffff:ffff"),
            ("2001:1::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff"),
            ("2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff"),
            ("3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff"),
            ("5f00::", "5f00:ffff::"),
            ("4000::", "fbff::"),
            ("fc00::", "fdff:ffff::"),
            ("fe80::", "febf:ffff::"),
            ("fec0::", "feff::"),
            ("ff00::", "ffff::"),
            ("::ffff:0:1.1.1.1", "::ffff:0:8.8.8.8"),
            ("fd00:ec2::254", "fe80::1"),
        ] {
            assert!(!permits(&policy, first), "{first} is special");
            assert!(!permits(&policy, last), "{last} is special");
        }
    }

    #[test]
    fn embedded_ipv4_address_decides() {
        let policy = AddressPolicy::default();
        for (inner_is_global, inner_is_not) in [
            ("::ffff:8.8.8.8", "::ffff:10.0.0.1"),                    // mapped
            ("::8.8.8.8", "::127.0.0.1"),                             // compatible
            ("64:ff9b::8.8.8.8", "64:ff9b::169.254.169.254"),         // NAT64
            ("2002:808:808::1", "2002:7f00:1::1"),                    // 6to4
            ("2001:0:0:0:0:0:f7f7:f7f7", "2001:0:0:0:0:0:80ff:fffe"), // Teredo, inverted bits
        ] {
            assert!(permits(&policy, inner_is_global), "{inner_is_global} carries a global address");
            assert!(!permits(&policy, inner_is_not), "{inner_is_not} carries a special address");
        }
    }

    #[test]
    fn allow_list_lets_its_blocks_through_and_nothing_else() {
        let policy = AddressPolicy::new(vec!["10.1.0.0/16".parse().unwrap(), "fd00:1::/32".parse().unwrap()]);
        for address in ["10.1.0.1", "10.1.255.255", "::ffff:10.1.2.3", "fd00:1::5", "8.8.8.8"] {
            assert!(permits(&policy, address), "{address}");
        }
        for address in ["10.2.0.0", "10.0.255.255", "127.0.0.1", "fd00:2::5", "::1"] {
            assert!(!permits(&policy, address), "{address}");
        }
    }
}
