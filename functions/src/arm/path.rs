//! ARM ignores the case of paths; routes do not.

use http::{Uri, uri::PathAndQuery};

/// What stands at the even places of a path, before a name.
const KEYWORDS: [&str; 8] = [
    "subscriptions",
    "resourceGroups",
    "providers",
    "locations",
    "jitNetworkAccessPolicies",
    "initiate",
    "tenants",
    "batch",
];
const FIRST: [&str; 3] = ["subscriptions", "tenants", "batch"];
const NAMESPACE: &str = "Microsoft.Security";

/// The same place as routes have it, its names untouched; another URI stays as it is.
pub(crate) fn canonical(uri: &Uri) -> Option<Uri> {
    let segments: Vec<&str> = uri.path().split('/').filter(|segment| !segment.is_empty()).collect();
    known(segments.first()?, &FIRST)?;
    let mut path = String::with_capacity(uri.path().len());
    for (place, segment) in segments.iter().enumerate() {
        let is_of_providers =
            || place.checked_sub(1).is_some_and(|before| segments[before].eq_ignore_ascii_case("providers"));
        let word = match place % 2 {
            0 => known(segment, &KEYWORDS),
            _ if is_of_providers() => known(segment, &[NAMESPACE]),
            _ => None,
        };
        path.push('/');
        path.push_str(word.unwrap_or(segment));
    }
    if let Some(query) = uri.query() {
        path.push('?');
        path.push_str(query);
    }
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(path.parse::<PathAndQuery>().ok()?);
    Uri::from_parts(parts).ok()
}

fn known(segment: &str, words: &[&'static str]) -> Option<&'static str> {
    words.iter().find(|word| word.eq_ignore_ascii_case(segment)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(path: &str) -> Option<String> {
        canonical(&path.parse().unwrap()).map(|uri| uri.to_string())
    }

    #[test]
    fn the_words_of_a_path_get_their_case_and_its_names_keep_theirs() {
        let shouted = "/SUBSCRIPTIONS/S/resourcegroups/PROVIDERS/Providers/microsoft.security/LOCATIONS/WestEurope/\
                       jitnetworkaccesspolicies/Locations/Initiate?Api-Version=X";
        let expected = "/subscriptions/S/resourceGroups/PROVIDERS/providers/Microsoft.Security/locations/WestEurope/\
                        jitNetworkAccessPolicies/Locations/initiate?Api-Version=X";
        assert_eq!(of(shouted).unwrap(), expected);
        assert_eq!(of("//subscriptions/").unwrap(), "/subscriptions");
    }

    #[test]
    fn other_paths_are_left_alone() {
        for path in ["/", "/api/vms", "/assets/Batch", "/vms/subscriptions"] {
            assert_eq!(of(path), None, "{path}");
        }
    }
}
