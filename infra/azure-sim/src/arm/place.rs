/// What the path of a request names: a resource, or a list of resources of one type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    /// The whole path in lower case, without a slash at its end.
    pub(super) key: String,
    /// What the last provider part hangs on, in lower case: a subscription, a resource group, a resource, or "".
    pub(super) scope: String,
    /// Namespace and types as they were written, such as `Microsoft.Network/networkSecurityGroups/securityRules`.
    pub(super) kind: String,
    /// The names as they were written, one for each type; a list lacks the last.
    pub(super) names: Vec<String>,
    pub(super) is_list: bool,
    /// The whole path as it was written.
    pub(super) path: String,
}

impl Place {
    pub(crate) fn parse(path: &str) -> Option<Self> {
        let path = path.trim_end_matches('/');
        let segments: Vec<&str> = path.strip_prefix('/')?.split('/').collect();
        if segments.iter().any(|segment| segment.is_empty()) {
            return None;
        }
        let provider = segments.iter().rposition(|segment| segment.eq_ignore_ascii_case("providers"));
        let (scope, namespace, pairs) = match provider {
            Some(at) => (&segments[..at], *segments.get(at + 1)?, segments.get(at + 2..)?),
            None => (&segments[..0], "Microsoft.Resources", &segments[..]),
        };
        if pairs.is_empty() || !is_scope(scope) {
            return None;
        }
        let types: Vec<&str> = pairs.iter().step_by(2).copied().collect();
        Some(Self {
            key: path.to_ascii_lowercase(),
            scope: joined(scope).to_ascii_lowercase(),
            kind: format!("{namespace}/{}", types.join("/")),
            names: pairs.iter().skip(1).step_by(2).map(|name| (*name).to_owned()).collect(),
            is_list: pairs.len() % 2 == 1,
            path: path.to_owned(),
        })
    }

    /// The subscription that the path starts with, as it was written.
    pub(super) fn subscription(&self) -> Option<&str> {
        let mut segments = self.path.split('/').skip(1);
        segments.next().filter(|first| first.eq_ignore_ascii_case("subscriptions"))?;
        segments.next()
    }

    /// The resource group in the path: its name as it was written, and its key.
    pub(super) fn resource_group(&self) -> Option<(&str, String)> {
        let segments: Vec<&str> = self.path.split('/').take(5).collect();
        match segments[..] {
            [_, _, _, word, name] if word.eq_ignore_ascii_case("resourcegroups") => {
                Some((name, segments.join("/").to_ascii_lowercase()))
            }
            _ => None,
        }
    }

    /// The last name; empty for a list.
    pub(super) fn name(&self) -> &str {
        if self.is_list { "" } else { self.names.last().map_or("", String::as_str) }
    }

    /// The key of the resource one level above a sub-resource or a list of sub-resources.
    pub(super) fn parent(&self) -> &str {
        let levels = if self.is_list { 1 } else { 2 };
        let mut parent = self.key.as_str();
        for _ in 0..levels {
            parent = parent.rsplit_once('/').map_or("", |(rest, _)| rest);
        }
        parent
    }

    /// Where the right to the action must be held.
    pub(super) fn action_scope(&self) -> &str {
        match (self.is_list, self.names.is_empty()) {
            (false, _) => &self.key,
            (true, true) => &self.scope,
            (true, false) => self.parent(),
        }
    }
}

fn is_scope(segments: &[&str]) -> bool {
    let is =
        |at: usize, word: &str| segments.get(at).is_some_and(|segment| segment.eq_ignore_ascii_case(word));
    match segments.len() {
        0 => true,
        1 => false,
        2 => is(0, "subscriptions"),
        4 if is(0, "providers") => is(2, "managementGroups"),
        4 => is(0, "subscriptions") && is(2, "resourceGroups"),
        n => is(0, "subscriptions") && segments.contains(&"providers") && n % 2 == 0,
    }
}

fn joined(segments: &[&str]) -> String {
    segments.iter().flat_map(|segment| ["/", segment]).collect()
}

#[cfg(test)]
mod tests {
    use super::Place;

    const RULE: &str = "/subscriptions/S/resourceGroups/G/providers/Microsoft.Network\
                        /networkSecurityGroups/N/securityRules/R";

    #[test]
    fn reads_a_sub_resource() {
        let place = Place::parse(RULE).unwrap();
        assert_eq!(place.kind, "Microsoft.Network/networkSecurityGroups/securityRules");
        assert_eq!(place.names, ["N", "R"]);
        assert_eq!(place.scope, "/subscriptions/s/resourcegroups/g");
        assert!(place.parent().ends_with("/networksecuritygroups/n"));
        assert_eq!(place.resource_group().unwrap().0, "G");
        assert!(!place.is_list);
    }

    #[test]
    fn reads_a_list_and_its_scope() {
        let place = Place::parse("/subscriptions/S/providers/Microsoft.Compute/virtualMachines").unwrap();
        assert!(place.is_list);
        assert_eq!(place.action_scope(), "/subscriptions/s");
        assert_eq!(place.subscription(), Some("S"));
        assert_eq!(place.resource_group(), None);
    }

    #[test]
    fn reads_an_extension_of_a_resource() {
        let place = Place::parse(&format!("{RULE}/providers/Microsoft.Authorization/permissions")).unwrap();
        assert_eq!(place.scope, RULE.to_ascii_lowercase());
        assert_eq!(place.kind, "Microsoft.Authorization/permissions");
    }

    #[test]
    fn rejects_what_is_no_resource_id() {
        for path in
            ["", "/", "/subscriptions//x", "/providers", "/x/providers/Microsoft.Compute/virtualMachines"]
        {
            assert_eq!(Place::parse(path), None, "{path}");
        }
    }
}
