use super::{Object, Value};

/// How deep values may lie within each other: no answer comes near it, and reading deeper ones would use up the stack.
const DEEPEST: usize = 64;

/// What is left of the text.
struct Reader<'t>(&'t str);

pub(super) fn read(text: &str) -> Option<Value> {
    let mut reader = Reader(text);
    let value = reader.value(0)?;
    reader.skip_space();
    reader.0.is_empty().then_some(value)
}

impl Reader<'_> {
    fn skip_space(&mut self) {
        self.0 = self.0.trim_start_matches([' ', '\t', '\n', '\r']);
    }

    /// Whether this comes next, after which it is read.
    fn takes(&mut self, token: &str) -> bool {
        self.skip_space();
        let rest = self.0.strip_prefix(token);
        self.0 = rest.unwrap_or(self.0);
        rest.is_some()
    }

    fn value(&mut self, depth: usize) -> Option<Value> {
        if depth > DEEPEST {
            return None;
        }
        self.skip_space();
        Some(match self.0.bytes().next()? {
            b'{' => Value::Object(self.object(depth)?),
            b'[' => Value::Array(self.array(depth)?),
            b'"' => Value::String(self.text()?),
            b'-' | b'0'..=b'9' => Value::Number(self.number()?),
            _ if self.takes("null") => Value::Null,
            _ if self.takes("true") => Value::Bool(true),
            _ if self.takes("false") => Value::Bool(false),
            _ => return None,
        })
    }

    fn object(&mut self, depth: usize) -> Option<Object> {
        let mut fields = Vec::new();
        let mut ended = self.takes("{") && self.takes("}");
        while !ended {
            self.skip_space();
            let name = self.text()?;
            if !self.takes(":") {
                return None;
            }
            fields.push((name, self.value(depth + 1)?));
            ended = self.ends("}")?;
        }
        Some(Object(fields))
    }

    fn array(&mut self, depth: usize) -> Option<Vec<Value>> {
        let mut items = Vec::new();
        let mut ended = self.takes("[") && self.takes("]");
        while !ended {
            items.push(self.value(depth + 1)?);
            ended = self.ends("]")?;
        }
        Some(items)
    }

    /// After an item: whether it was the last one.
    fn ends(&mut self, token: &str) -> Option<bool> {
        let ended = self.takes(token);
        (ended || self.takes(",")).then_some(ended)
    }

    /// Digits with a sign, a point and an exponent, where they have them.
    fn number(&mut self) -> Option<String> {
        let (digits, rest) =
            split(self.0, |letter| matches!(letter, '-' | '+' | '.' | 'e' | 'E' | '0'..='9'));
        self.0 = rest;
        digits.ends_with(|last: char| last.is_ascii_digit()).then(|| digits.to_owned())
    }

    fn text(&mut self) -> Option<String> {
        self.0 = self.0.strip_prefix('"')?;
        let mut text = String::new();
        loop {
            let (plain, rest) = split(self.0, |letter| letter >= ' ' && letter != '"' && letter != '\\');
            text.push_str(plain);
            if let Some(rest) = rest.strip_prefix('"') {
                self.0 = rest;
                return Some(text);
            }
            self.0 = rest.strip_prefix('\\')?;
            text.push(self.escaped()?);
        }
    }

    fn escaped(&mut self) -> Option<char> {
        let mut letters = self.0.chars();
        let letter = letters.next()?;
        self.0 = letters.as_str();
        Some(match letter {
            '"' | '\\' | '/' => letter,
            'n' => '\n',
            't' => '\t',
            'r' => '\r',
            'b' => '\u{8}',
            'f' => '\u{c}',
            'u' => match self.four()? {
                // Letters beyond the first 65,536 come as two halves.
                high @ 0xd800..0xdc00 => {
                    self.0 = self.0.strip_prefix("\\u")?;
                    let low = self.four().filter(|low| (0xdc00..0xe000).contains(low))?;
                    char::from_u32(0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00))?
                }
                unit => char::from_u32(unit)?,
            },
            _ => return None,
        })
    }

    fn four(&mut self) -> Option<u32> {
        let (digits, rest) = self.0.split_at_checked(4)?;
        self.0 = rest;
        let is_hex = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
        is_hex.then(|| u32::from_str_radix(digits, 16).ok())?
    }
}

/// The letters at the beginning that are so, and the others.
fn split(text: &str, is_so: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(|letter| !is_so(letter)).unwrap_or(text.len()))
}
