//! Scripts and styles as they are sent: without what only their readers need.

/// A text without indentation, empty lines, and comments that have their lines for themselves.
pub(super) fn short(text: &str) -> String {
    let mut lines = Vec::new();
    let mut in_comment = false;
    for line in text.lines().map(str::trim) {
        let begins = line.starts_with("/*");
        if in_comment || begins {
            let end = line.find("*/").map(|end| end + "*/".len());
            let alone = end.is_none_or(|end| end == line.len());
            in_comment = end.is_none();
            if alone {
                continue;
            }
        }
        if !line.is_empty() && !line.starts_with("//") {
            lines.push(line);
        }
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_of_their_own_lines_and_indentation_go_and_all_else_stays() {
        let text = "// one\nlet a = 1; // two\n\n  /* three */\n  /**\n   * four\n   */\n  /* five */ a += 2;\n  b(\"//\");\n";
        assert_eq!(short(text), "let a = 1; // two\n/* five */ a += 2;\nb(\"//\");");
    }

    #[test]
    fn a_style_keeps_its_rules() {
        assert_eq!(
            short("a {\n  color: red;\n}\n\n/* b\n   c */\nd { e: f; }"),
            "a {\ncolor: red;\n}\nd { e: f; }"
        );
    }
}
