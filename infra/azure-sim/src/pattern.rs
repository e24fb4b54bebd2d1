/// Whether an Azure action (or any other name) matches a pattern in which `*` stands for any characters, `/` too.
pub(crate) fn matches(pattern: &str, text: &str) -> bool {
    let pattern = pattern.to_ascii_lowercase();
    let text = text.to_ascii_lowercase();
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else { return rest.is_empty() };
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn accepts_what_the_pattern_covers() {
        for (pattern, text) in [
            ("*", "Microsoft.Compute/virtualMachines/read"),
            ("*/read", "Microsoft.Compute/virtualMachines/read"),
            ("Microsoft.Network/*/read", "microsoft.network/networkSecurityGroups/securityRules/read"),
            ("microsoft.compute/virtualMACHINES/read", "Microsoft.Compute/virtualMachines/read"),
            ("Microsoft.Security/*", "Microsoft.Security/locations/jitNetworkAccessPolicies/initiate/action"),
        ] {
            assert!(matches(pattern, text), "{pattern} must cover {text}");
        }
    }

    #[test]
    fn rejects_what_the_pattern_does_not_cover() {
        for (pattern, text) in [
            ("", "Microsoft.Compute/virtualMachines/read"),
            ("*/read", "Microsoft.Compute/virtualMachines/write"),
            ("Microsoft.Network/*/read", "Microsoft.Network/read"),
            ("Microsoft.Compute/virtualMachines", "Microsoft.Compute/virtualMachines/read"),
            ("Microsoft.Net/*", "Microsoft.Network/networkInterfaces/read"),
        ] {
            assert!(!matches(pattern, text), "{pattern} must not cover {text}");
        }
    }
}
