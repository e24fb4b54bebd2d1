//! Why a VM cannot be guarded, and what would change that.

use shared::api::Unsupported;

use super::language::{Language, say};

pub(crate) fn reason(reason: Unsupported, language: Language) -> &'static str {
    match reason {
        Unsupported::NoNsg => say!(language, unsupported.no_nsg),
        Unsupported::InterfaceWithoutNsg => say!(language, unsupported.interface_without_nsg),
        Unsupported::Classic => say!(language, unsupported.classic),
        Unsupported::FirewallOutOfReach => say!(language, unsupported.firewall_out_of_reach),
        Unsupported::FirewallPolicy => say!(language, unsupported.firewall_policy),
        Unsupported::NetworkUnreadable => say!(language, unsupported.network_unreadable),
    }
}

pub(crate) fn remedy(reason: Unsupported, language: Language) -> &'static str {
    match reason {
        Unsupported::NoNsg | Unsupported::InterfaceWithoutNsg => say!(language, unsupported.attach_nsg),
        Unsupported::Classic => say!(language, unsupported.migrate),
        Unsupported::FirewallOutOfReach => say!(language, unsupported.firewall_address),
        Unsupported::FirewallPolicy => say!(language, unsupported.classic_rules),
        Unsupported::NetworkUnreadable => say!(language, unsupported.grant_read),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn in_english_the_portal_says_what_the_functions_say() {
        for unsupported in Unsupported::ALL {
            assert_eq!(reason(unsupported, Language::en), unsupported.reason());
            assert_eq!(remedy(unsupported, Language::en), unsupported.remedy());
        }
    }
}
