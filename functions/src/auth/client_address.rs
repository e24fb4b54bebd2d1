//! The caller's address: what *my address* means, and so what a firewall is opened for.
//!
//! Each trusted proxy appends the address that it saw to `X-Forwarded-For`, so the N-th from the right is what the
//! outermost of N trusted proxies saw. Anything further left was written by whoever liked to.

use std::net::{IpAddr, SocketAddr};

use axum::extract::ConnectInfo;
use http::{Extensions, HeaderMap};

/// The peer as the platform says it, where there is no socket to ask. It stands in the socket's place: with proxies in
/// front it is the last of them.
#[derive(Clone, Copy, Debug)]
pub struct ClientPeer(pub IpAddr);

const FORWARDED: &str = "x-forwarded-for";

/// The address, or nothing where it is not sure: too few elements, or one that is no address.
pub(crate) fn client_address(trusted: usize, headers: &HeaderMap, extensions: &Extensions) -> Option<IpAddr> {
    if trusted == 0 {
        return peer(extensions).map(|address| address.to_canonical());
    }
    let mut elements: Vec<&str> = Vec::new();
    for line in headers.get_all(FORWARDED) {
        // A line that is not text hides how many elements it has.
        elements.extend(line.to_str().ok()?.split(','));
    }
    let position = elements.len().checked_sub(trusted)?;
    parse(elements.get(position)?.trim())
}

/// Whether the call itself says that a proxy which is not one of the trusted passed it on: its address is then that
/// proxy's, and what Azure sees may be another.
///
/// Each trusted hop may have written one element into each header; so may a platform that stands in the socket's place.
pub(crate) fn is_proxied(trusted: usize, headers: &HeaderMap, extensions: &Extensions) -> bool {
    let own = trusted.max(usize::from(extensions.get::<ClientPeer>().is_some()));
    [FORWARDED, "forwarded", "via"].iter().any(|name| elements(headers, name).is_none_or(|count| count > own))
}

/// `None`: not text, so that nobody knows how many.
fn elements(headers: &HeaderMap, name: &str) -> Option<usize> {
    headers
        .get_all(name)
        .iter()
        .try_fold(0, |count, line| Some(count + line.to_str().ok()?.split(',').count()))
}

fn peer(extensions: &Extensions) -> Option<IpAddr> {
    let told = extensions.get().map(|ClientPeer(address)| *address);
    told.or_else(|| extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip()))
}

/// An address with or without a port, and with or without brackets.
fn parse(text: &str) -> Option<IpAddr> {
    let text = text.trim_matches('"');
    let address = match text.parse::<SocketAddr>() {
        Ok(with_port) => with_port.ip(),
        Err(_) => {
            text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text).parse().ok()?
        }
    };
    Some(address.to_canonical())
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn accepts_the_element_that_the_outermost_trusted_proxy_wrote() {
        assert_eq!(seen(1, &["203.0.113.7"]), Some("203.0.113.7".to_owned()));
        assert_eq!(seen(2, &["203.0.113.7, 10.0.0.1"]), Some("203.0.113.7".to_owned()));
        assert_eq!(seen(2, &["6.6.6.6, 203.0.113.7", "10.0.0.1"]), Some("203.0.113.7".to_owned()));
        for text in ["203.0.113.7:4711", "::ffff:203.0.113.7", "\"203.0.113.7\"", " 203.0.113.7 "] {
            assert_eq!(seen(1, &[text]), Some("203.0.113.7".to_owned()), "{text}");
        }
        assert_eq!(seen(1, &["[2001:db8::7]:443"]), Some("2001:db8::7".to_owned()));
    }

    #[test]
    fn rejects_what_is_not_sure() {
        assert_eq!(seen(2, &["203.0.113.7"]), None);
        assert_eq!(seen(1, &[]), None);
        for text in ["unknown", "", "203.0.113", "203.0.113.7,", "_hidden", "203.0.113.7 10.0.0.1"] {
            assert_eq!(seen(1, &[text]), None, "{text}");
        }
    }

    #[test]
    fn without_trusted_proxies_the_header_is_not_even_read() {
        let mut extensions = Extensions::new();
        extensions.insert(ConnectInfo(SocketAddr::from(([198, 51, 100, 1], 9))));
        let headers = headers(&["203.0.113.7"]);
        let address = client_address(0, &headers, &extensions).unwrap();
        assert_eq!(address.to_string(), "198.51.100.1");
        assert_eq!(client_address(0, &headers, &Extensions::new()), None);
    }

    #[test]
    fn the_platforms_word_stands_in_the_sockets_place_and_for_no_proxy() {
        let mut extensions = Extensions::new();
        extensions.insert(ConnectInfo(SocketAddr::from(([127, 0, 0, 1], 9))));
        extensions.insert(ClientPeer("::ffff:198.51.100.1".parse().unwrap()));
        let address =
            |trusted| client_address(trusted, &headers(&["203.0.113.7, 198.51.100.1"]), &extensions);
        assert_eq!(address(0), "198.51.100.1".parse().ok());
        assert_eq!(address(2), "203.0.113.7".parse().ok());
        assert_eq!(address(3), None);
    }

    #[test]
    fn a_call_that_somebody_else_passed_on_is_known_by_what_it_says() {
        let proxied = |trusted: usize, lines: &[(&'static str, &str)]| {
            let lines = lines.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
            is_proxied(trusted, &lines.collect(), &Extensions::new())
        };
        assert!(!proxied(0, &[]) && !proxied(1, &[(FORWARDED, "203.0.113.7"), ("via", "2.0 edge")]));
        assert!(proxied(0, &[("via", "1.1 squid")]) && proxied(1, &[(FORWARDED, "10.0.0.9, 203.0.113.7")]));
        assert!(proxied(1, &[("forwarded", "for=10.0.0.9"), ("forwarded", "for=203.0.113.7")]));
        assert!(proxied(1, &[("via", "1.1 squid, 2.0 edge")]));
    }

    #[test]
    fn what_the_platform_writes_by_itself_is_no_proxy() {
        let mut extensions = Extensions::new();
        extensions.insert(ClientPeer("198.51.100.1".parse().unwrap()));
        assert!(!is_proxied(0, &headers(&["198.51.100.1"]), &extensions));
        assert!(is_proxied(0, &headers(&["10.0.0.9, 198.51.100.1"]), &extensions));
        assert!(is_proxied(0, &headers(&["198.51.100.1"]), &Extensions::new()));
    }

    proptest! {
        #[test]
        fn whatever_a_client_sends_the_proxies_word_counts(spoofed in "[0-9a-f.:, \\[\\]\"x]{0,60}", hops in 1usize..4) {
            let mut lines = vec![spoofed];
            lines.push("203.0.113.7".to_owned());
            lines.extend((1..hops).map(|n| format!("10.0.0.{n}")));
            let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
            prop_assert_eq!(seen(hops, &[&lines.join(",")]), Some("203.0.113.7".to_owned()));
            prop_assert_eq!(seen(hops, &lines), Some("203.0.113.7".to_owned()));
        }
    }

    fn headers(lines: &[&str]) -> HeaderMap {
        lines.iter().map(|line| (FORWARDED.parse().unwrap(), HeaderValue::from_str(line).unwrap())).collect()
    }

    fn seen(trusted: usize, lines: &[&str]) -> Option<String> {
        client_address(trusted, &headers(lines), &Extensions::new()).map(|address| address.to_string())
    }
}
