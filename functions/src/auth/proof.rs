//! The same-origin proof: a cookie alone changes nothing.

use http::{HeaderMap, Method, header::ORIGIN};
use shared::api::PORTAL_HEADER;
use url::Url;

/// Whether a call that comes with a cookie surely comes from the portal's own page.
pub(crate) fn is_same_origin(public_url: &Url, method: &Method, headers: &HeaderMap) -> bool {
    if method == Method::GET || method == Method::HEAD {
        return true;
    }
    let own = public_url.origin().ascii_serialization();
    let from_here = match headers.get(ORIGIN) {
        Some(origin) => origin.as_bytes() == own.as_bytes(),
        None => headers.get("sec-fetch-site").is_some_and(|site| site.as_bytes() == b"same-origin"),
    };
    from_here && headers.contains_key(PORTAL_HEADER)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_the_portals_own_calls_and_all_that_only_read() {
        let good = [("origin", "https://postern.example"), (PORTAL_HEADER, "1")];
        assert!(is_proven(Method::POST, &good));
        assert!(is_proven(Method::DELETE, &[("sec-fetch-site", "same-origin"), (PORTAL_HEADER, "1")]));
        assert!(is_proven(Method::GET, &[]));
    }

    #[test]
    fn rejects_calls_of_other_pages_and_without_the_header() {
        assert!(!is_proven(Method::POST, &[]));
        assert!(!is_proven(Method::POST, &[("origin", "https://postern.example")]));
        assert!(!is_proven(Method::PUT, &[("origin", "https://evil.example"), (PORTAL_HEADER, "1")]));
        assert!(!is_proven(Method::POST, &[("origin", "null"), (PORTAL_HEADER, "1")]));
        assert!(!is_proven(Method::POST, &[("origin", "https://postern.example:444"), (PORTAL_HEADER, "1")]));
        assert!(!is_proven(Method::POST, &[("sec-fetch-site", "same-site"), (PORTAL_HEADER, "1")]));
    }

    fn is_proven(method: Method, lines: &[(&str, &str)]) -> bool {
        let lines = lines.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
        is_same_origin(&"https://postern.example/".parse().unwrap(), &method, &lines.collect())
    }
}
