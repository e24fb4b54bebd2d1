/// HTML as it grows; all that is not written here in the code is escaped.
#[derive(Debug, Default)]
pub(super) struct Html(String);

impl Html {
    /// Markup of ours.
    pub(super) fn raw(&mut self, markup: &'static str) -> &mut Self {
        self.0.push_str(markup);
        self
    }

    pub(super) fn escaped(&mut self, text: &str) -> &mut Self {
        for one in text.chars() {
            match one {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                other => self.0.push(other),
            }
        }
        self
    }

    /// An element with text alone, what stands between backticks as code; nothing if there is none.
    pub(super) fn text(&mut self, element: &'static str, text: &str) -> &mut Self {
        if text.is_empty() {
            return self;
        }
        self.raw("<").raw(element).raw(">");
        let parts: Vec<&str> = text.split('`').collect();
        if parts.len().is_multiple_of(2) {
            self.escaped(text);
        } else {
            for (n, part) in parts.into_iter().enumerate() {
                let [before, after] = if n.is_multiple_of(2) { [""; 2] } else { ["<code>", "</code>"] };
                self.raw(before).escaped(part).raw(after);
            }
        }
        self.raw("</").raw(element).raw(">")
    }

    /// A link to a place on the page.
    pub(super) fn link(&mut self, to: &str, text: &str) -> &mut Self {
        self.raw("<a href=\"#").escaped(to).raw("\">").escaped(text).raw("</a>")
    }

    pub(super) fn finish(self) -> String {
        self.0
    }
}

/// Where a type is described.
pub(super) fn anchor(schema: &str) -> String {
    format!("type-{schema}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_never_markup() {
        let mut html = Html::default();
        html.text("p", "<script>\"&\"</script>").link("\"><b>", "a & b");
        assert_eq!(
            html.finish(),
            "<p>&lt;script&gt;&quot;&amp;&quot;&lt;/script&gt;</p><a href=\"#&quot;&gt;&lt;b&gt;\">a &amp; b</a>"
        );
    }

    #[test]
    fn what_stands_between_backticks_is_code() {
        let mut html = Html::default();
        html.text("p", "a `b <` c").text("p", "a ` b");
        assert_eq!(html.finish(), "<p>a <code>b &lt;</code> c</p><p>a ` b</p>");
    }

    #[test]
    fn no_text_is_no_element() {
        let mut html = Html::default();
        html.text("p", "");
        assert_eq!(html.finish(), "");
    }
}
