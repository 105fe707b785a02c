//! Who is at the other end of a request: through proxies that are trusted, and through no others.

use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use axum::http::{HeaderMap, header};

/// Where a request comes from, put into its extensions by [`serve`](super::serve).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Client {
    /// Its address.
    pub address: IpAddr,
    /// Whether it came by TLS.
    pub is_secure: bool,
}

/// Addresses of proxies: one, or all that begin with the same bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    bits: u32,
}

/// Why a text is no network.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no address or network, such as 10.0.0.0/8")]
pub struct InvalidNetwork(String);

impl FromStr for Network {
    type Err = InvalidNetwork;

    fn from_str(text: &str) -> Result<Self, InvalidNetwork> {
        let invalid = || InvalidNetwork(text.to_owned());
        let (address, bits) = text
            .split_once('/')
            .map_or((text, None), |(a, b)| (a, Some(b)));
        let address: IpAddr = address.parse().map_err(|_| invalid())?;
        let len = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.map_or(Ok(len), str::parse).map_err(|_| invalid())?;
        if bits > len {
            return Err(invalid());
        }
        Ok(Self { address, bits })
    }
}

impl Network {
    fn contains(&self, other: IpAddr) -> bool {
        match (self.address, other.to_canonical()) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                let differing = u32::from(own) ^ u32::from(other);
                differing.leading_zeros() >= self.bits
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => {
                let differing = u128::from(own) ^ u128::from(other);
                differing.leading_zeros() >= self.bits
            }
            _ => false,
        }
    }
}

impl Client {
    /// Whoever sent these headers over a connection from `peer`: if that is a trusted proxy, whom it names by `Forwarded`
    /// (RFC 7239), or by `X-Forwarded-For` and `X-Forwarded-Proto` where there is none.
    ///
    /// From the right, up to the first that is no trusted proxy: what is further left anybody can have made up.
    pub fn of(peer: SocketAddr, is_tls: bool, headers: &HeaderMap, proxies: &[Network]) -> Self {
        let mut client = Self {
            address: peer.ip().to_canonical(),
            is_secure: is_tls,
        };
        let is_trusted = |address: IpAddr| proxies.iter().any(|it| it.contains(address));
        if proxies.is_empty() {
            return client;
        }
        let hops = hops(headers);
        for (address, is_secure) in hops.into_iter().rev() {
            if !is_trusted(client.address) {
                break;
            }
            client.is_secure = is_secure.unwrap_or(client.is_secure);
            let Some(address) = address else { break };
            client.address = address.to_canonical();
        }
        client
    }
}

/// What each proxy says of whom it was asked by, in the order of the header: an address, and whether by TLS.
fn hops(headers: &HeaderMap) -> Vec<(Option<IpAddr>, Option<bool>)> {
    let forwarded = list(headers, header::FORWARDED.as_str());
    if !forwarded.is_empty() {
        return forwarded.iter().map(|element| hop(element)).collect();
    }
    let protocols = list(headers, "x-forwarded-proto");
    let addresses = list(headers, "x-forwarded-for");
    if addresses.is_empty() {
        let only = protocols.last();
        return only
            .map(|it| (None, Some(is_https(it))))
            .into_iter()
            .collect();
    }
    let len = addresses.len();
    // Most proxies put their own protocol in the place of all that came; then it is the last one's.
    let protocol = |at: usize| {
        let at = (at + protocols.len()).checked_sub(len)?;
        protocols.get(at).map(|it| is_https(it))
    };
    let hops = addresses.iter().enumerate();
    hops.map(|(at, text)| (address_of(text), protocol(at)))
        .collect()
}

/// The elements of all headers of a name.
fn list<'a>(headers: &'a HeaderMap, name: &str) -> Vec<&'a str> {
    let values = headers.get_all(name).into_iter();
    let values = values.map(|value| value.to_str().unwrap_or_default());
    let elements = values.flat_map(|value| value.split(','));
    elements
        .map(str::trim)
        .filter(|it| !it.is_empty())
        .collect()
}

/// One element of `Forwarded`, such as `for="[2001:db8::1]:4711";proto=https`.
fn hop(element: &str) -> (Option<IpAddr>, Option<bool>) {
    let (mut address, mut is_secure) = (None, None);
    for pair in element.split(';') {
        let Some((name, value)) = pair.trim().split_once('=') else {
            continue;
        };
        let value = value.trim_matches('"');
        if name.eq_ignore_ascii_case("for") {
            address = address_of(value);
        } else if name.eq_ignore_ascii_case("proto") {
            is_secure = Some(is_https(value));
        }
    }
    (address, is_secure)
}

fn is_https(protocol: &str) -> bool {
    protocol.eq_ignore_ascii_case("https")
}

/// An address with or without a port, an IPv6 one with or without brackets; none for `unknown` and made-up names.
fn address_of(text: &str) -> Option<IpAddr> {
    let without_port = text.parse::<SocketAddr>().map(|it| it.ip());
    let bare = text.trim_start_matches('[').trim_end_matches(']');
    without_port.ok().or_else(|| bare.parse().ok())
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderName, HeaderValue};

    use super::*;

    fn seen(peer: &str, headers: &[(&'static str, &str)]) -> (String, bool) {
        let proxies = ["10.0.0.0/8".parse(), "2001:db8::/32".parse()].map(Result::unwrap);
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            let value = HeaderValue::from_str(value).expect("valid");
            map.append(HeaderName::from_static(name), value);
        }
        let peer = SocketAddr::new(peer.parse().expect("an address"), 7);
        let client = Client::of(peer, false, &map, &proxies);
        (client.address.to_string(), client.is_secure)
    }

    #[test]
    fn only_trusted_proxies_say_whom_they_speak_for() {
        const FOR: &str = "x-forwarded-for";
        const PROTO: &str = "x-forwarded-proto";
        const FORWARDED: &str = "forwarded";
        type Case<'a> = (&'a str, &'a [(&'static str, &'a str)], &'a str, bool);
        let cases: &[Case<'_>] = &[
            ("10.1.1.1", &[], "10.1.1.1", false),
            (
                "192.0.2.1",
                &[(FOR, "198.51.100.7"), (PROTO, "https")],
                "192.0.2.1",
                false,
            ),
            (
                "192.0.2.1",
                &[(FORWARDED, "for=198.51.100.7;proto=https")],
                "192.0.2.1",
                false,
            ),
            (
                "10.1.1.1",
                &[(FOR, "198.51.100.7"), (PROTO, "https")],
                "198.51.100.7",
                true,
            ),
            ("10.1.1.1", &[(PROTO, "https")], "10.1.1.1", true),
            // What the client itself has made up stays at the left.
            (
                "10.1.1.1",
                &[(FOR, "127.0.0.1, 198.51.100.7")],
                "198.51.100.7",
                false,
            ),
            (
                "10.1.1.1",
                &[(FOR, "127.0.0.1"), (FOR, "198.51.100.7, 10.2.2.2")],
                "198.51.100.7",
                false,
            ),
            (
                "10.1.1.1",
                &[(FOR, "198.51.100.7, 10.2.2.2"), (PROTO, "https, http")],
                "198.51.100.7",
                true,
            ),
            (
                "10.1.1.1",
                &[(PROTO, "https, http"), (FOR, "198.51.100.7")],
                "198.51.100.7",
                false,
            ),
            ("10.1.1.1", &[(FOR, "not an address")], "10.1.1.1", false),
            (
                "10.1.1.1",
                &[(FOR, "198.51.100.7:4711")],
                "198.51.100.7",
                false,
            ),
            (
                "10.1.1.1",
                &[(FORWARDED, "for=unknown;proto=https")],
                "10.1.1.1",
                true,
            ),
            (
                "2001:db8::9",
                &[(
                    FORWARDED,
                    "For=127.0.0.1, for=\"[2001:db9::1]:4711\";PROTO=https;by=10.0.0.1",
                )],
                "2001:db9::1",
                true,
            ),
            (
                "::ffff:10.1.1.1",
                &[(FORWARDED, "for=198.51.100.7"), (FOR, "192.0.2.2")],
                "198.51.100.7",
                false,
            ),
        ];
        for (peer, headers, address, is_secure) in cases {
            let expected = ((*address).to_owned(), *is_secure);
            assert_eq!(seen(peer, headers), expected, "{peer} {headers:?}");
        }
    }

    #[test]
    fn networks_are_addresses_with_a_length() {
        let contains = |network: &str, address: &str| {
            let network: Network = network.parse().expect("a network");
            network.contains(address.parse().expect("an address"))
        };
        assert!(contains("0.0.0.0/0", "192.0.2.1") && !contains("0.0.0.0/0", "::1"));
        assert!(contains("192.0.2.1", "192.0.2.1") && !contains("192.0.2.1", "192.0.2.2"));
        assert!(contains("192.0.2.0/31", "192.0.2.1") && !contains("192.0.2.0/31", "192.0.2.2"));
        assert!(contains("fe80::/10", "febf::1") && !contains("fe80::/10", "fec0::1"));
        for bad in [
            "",
            "10",
            "10.0.0.0/33",
            "10.0.0.0/",
            "10.0.0.0/-1",
            "::/129",
            "a.example",
        ] {
            assert!(bad.parse::<Network>().is_err(), "{bad}");
        }
    }
}
