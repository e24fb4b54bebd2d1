//! Whom the administrators say to ask.

/// The link that writes to a mail address; `None` for any other text.
pub(crate) fn mail_link(text: &str) -> Option<String> {
    let (person, host) = text.split_once('@')?;
    let plain = |part: &str| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_+".contains(&byte))
    };
    (plain(person) && plain(host) && host.contains('.')).then(|| format!("mailto:{text}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_a_mail_address_alone() {
        assert_eq!(mail_link("vm-access@contoso.example").unwrap(), "mailto:vm-access@contoso.example");
    }

    #[test]
    fn rejects_what_is_no_mail_address_or_carries_more() {
        for text in
            ["the service desk", "a@b", "a@b.example?subject=x", "ask a@b.example", "@b.example", "a@b@c.d"]
        {
            assert_eq!(mail_link(text), None, "{text}");
        }
    }
}
