use super::icon::Icon;
use crate::{
    language::{language, say},
    prelude::*,
};

/// That the way to a VM leads through an Azure Firewall.
#[component]
pub(crate) fn Through(name: String) -> impl IntoView {
    view! { <span class="through"><Icon name="firewall"/>{say!(language(), common.through, name = name)}</span> }
}
