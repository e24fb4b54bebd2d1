//! Why a request is not admitted, in sentences without their full stop.

use shared::{decision::Denial, source::AllowedSources};

use super::{
    durations,
    language::{Language, say},
};

pub(crate) fn sentence(denial: &Denial, language: Language) -> String {
    let vm = denial.vm().name();
    match denial {
        Denial::VmNotProtected { .. } => say!(language, denial.vm_not_protected, vm),
        Denial::RequestNotPermitted { .. } => say!(language, denial.request_not_permitted, vm),
        Denial::PortNotInPolicy { port, allowed, .. } => {
            let allowed: Vec<String> = allowed.iter().map(ToString::to_string).collect();
            let allowed = allowed.join(say!(language, common.comma));
            say!(language, denial.port_not_in_policy, vm, port = *port, allowed)
        }
        Denial::SourceNotAllowed { port, source_prefix, allowed, .. } => {
            let (from, allowed) = (*source_prefix, sources(allowed, language));
            say!(language, denial.source_not_allowed, vm, port = *port, from, allowed)
        }
        Denial::DurationOverMaximum { asked, maximum, port, .. } => {
            let asked = durations::in_words(asked.seconds(), language);
            let longest = durations::in_words(maximum.seconds(), language);
            say!(language, denial.duration_over_maximum, port = *port, asked, longest)
        }
        Denial::JustificationRequired { .. } => say!(language, denial.justification_required).to_owned(),
    }
}

fn sources(allowed: &AllowedSources, language: Language) -> String {
    match allowed {
        AllowedSources::Any => say!(language, denial.any_source).to_owned(),
        AllowedSources::Only(only) => only.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use shared::port::Port;

    use super::*;
    use crate::model::samples::web_01;

    #[test]
    fn a_denial_says_what_the_policy_has_in_both_languages() {
        let allowed = vec![Port::SSH, Port::RDP];
        let denial = Denial::PortNotInPolicy { vm: web_01(), port: 443.try_into().unwrap(), allowed };
        let english = "Port 443 of web-01 is not in its policy; it has 22, 3389";
        assert_eq!(sentence(&denial, Language::en), english);
        assert_eq!(sentence(&denial, Language::zh_TW), "web-01 的原則沒有連接埠\u{a0}443，只有 22、3389");
    }
}
